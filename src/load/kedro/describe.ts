import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import type { AnswerCache, Inputs } from '../../model/answer-cache.ts';
import { type DescribedInputs, type Description, descriptionSchema, inputsSchema } from './protocol.ts';

export interface DescribeRequest {
  readonly root: string;
  readonly python: string;
  /** Path of `bridge/describe.py`. */
  readonly script: string;
  readonly env: string | undefined;
  readonly pipeline: string | undefined;
  readonly confSource: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cache: AnswerCache | undefined;
  /** Variables that count beside those that are read. */
  readonly namedVariables: (description: Description) => readonly string[];
}

export type DescribeResult =
  | { readonly ok: true; readonly description: Description; readonly inputs: Inputs | undefined }
  /** Python itself died, or what it printed is no description: `stderr` is the end of what it said. */
  | { readonly ok: false; readonly status: number | string; readonly stderr: string };

const STDERR_KEPT = 4000;

/** What the bridge prints in the project's folder, or has printed while all was as it is now; validated. */
export async function describeProject(request: DescribeRequest): Promise<DescribeResult> {
  const { root, python, env, pipeline, confSource, cache } = request;
  const question = { what: 'description', root, python, env, pipeline, confSource };
  const kept = cache?.find(question);
  const known = parse(kept?.answer)?.description;
  // Settings may name more variables now than when it was kept.
  const counts = new Set(kept?.inputs.variables);
  if (known !== undefined && request.namedVariables(known).every((name) => counts.has(name)))
    return { ok: true, description: known, inputs: kept?.inputs };
  const result = await runBridge(request);
  if (!result.ok) return result;
  const { description, inputs: seen } = result;
  // What went wrong may have done so for a reason that left no trace.
  if (!seen?.isWhole || description.problems.length > 0 || !(await isSameFile(python, seen.executable)))
    return { ok: true, description, inputs: undefined };
  const inputs = { paths: seen.paths, variables: [...seen.variables, ...request.namedVariables(description)] };
  await cache?.keep(question, JSON.stringify(description), inputs);
  return { ok: true, description, inputs };
}

/** False where the Python is a script that picks another one each time, as pyenv's and asdf's are. */
async function isSameFile(...paths: readonly [string, string]): Promise<boolean> {
  const [one, other] = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return one !== undefined && one === other;
}

async function runBridge(request: DescribeRequest) {
  const { env, pipeline, confSource, cache } = request;
  const flags = Object.entries({ '--env': env, '--pipeline': pipeline, '--conf-source': confSource });
  const words = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  const child = spawn(request.python, [request.script, ...words, ...(cache === undefined ? [] : ['--inputs'])], {
    cwd: request.root,
    env: { DO_NOT_TRACK: '1', ...request.variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  const status = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const answer = parse(Buffer.concat(chunks).toString('utf8'));
  return answer === undefined ? { ok: false as const, status, stderr } : { ok: true as const, ...answer };
}

interface Answer {
  readonly description: Description;
  readonly inputs: DescribedInputs | undefined;
}

function parse(text: string | undefined): Answer | undefined {
  if (text === undefined) return undefined;
  try {
    const document = JSON.parse(text) as { inputs?: unknown };
    return { description: descriptionSchema.parse(document), inputs: inputsSchema.optional().parse(document.inputs) };
  } catch {
    return undefined;
  }
}
