import { spawn } from 'node:child_process';
import { type Description, descriptionSchema } from './protocol.ts';

export interface DescribeRequest {
  readonly root: string;
  readonly python: string;
  /** Path of `bridge/describe.py`. */
  readonly script: string;
  readonly env: string | undefined;
  readonly pipeline: string | undefined;
  readonly confSource: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export type DescribeResult =
  | { readonly ok: true; readonly description: Description }
  /** Python itself died, or what it printed is no description: `stderr` is the end of what it said. */
  | { readonly ok: false; readonly status: number | string; readonly stderr: string };

const STDERR_KEPT = 4000;

/** Runs the bridge in the project's folder and validates what it prints. */
export async function describeProject(request: DescribeRequest): Promise<DescribeResult> {
  const { env, pipeline, confSource } = request;
  const flags = Object.entries({ '--env': env, '--pipeline': pipeline, '--conf-source': confSource });
  const child = spawn(
    request.python,
    [request.script, ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]))],
    { cwd: request.root, env: { DO_NOT_TRACK: '1', ...request.variables }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
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
  const description = parseDescription(Buffer.concat(chunks).toString('utf8'));
  return description === undefined ? { ok: false, status, stderr } : { ok: true, description };
}

function parseDescription(text: string): Description | undefined {
  try {
    return descriptionSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
