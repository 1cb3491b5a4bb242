import { access, appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmulatedAws, emulatedAws } from './emulated-aws.ts';

export interface CountingProject extends AsyncDisposable {
  readonly folder: string;
  /** How often each node has begun, on whatever engine. */
  counts(): Promise<Record<string, number>>;
  /** Lets `middle` go on, which waits for it. */
  go(): Promise<void>;
  untilBegun(node: string): Promise<void>;
}

const PIPELINE = `name: counting
nodes:
  - { name: first, command: 'echo first >> "$COUNTS"; echo 1 > "$WHERRY_OUT_X"', outputs: [x] }
  - name: middle
    command: 'echo middle >> "$COUNTS"; echo waiting; while [ ! -e "$GO" ]; do sleep 0.05; done; cat "$WHERRY_IN_X" > "$WHERRY_OUT_Y"'
    inputs: [x]
    outputs: [y]
  - { name: last, command: 'echo last >> "$COUNTS"; cat "$WHERRY_IN_Y"; cp "$WHERRY_IN_Y" "$WHERRY_OUT_Z"', inputs: [y], outputs: [z] }
`;

interface Options {
  /** Its pipeline.yml. */
  readonly pipeline?: string;
  /** Undefined where there is none. */
  readonly spill?: string | undefined;
  /** More variables of its containers. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Programs, a task each, that count themselves in a file outside the project, which every container sees. */
export async function countingProject({
  pipeline = PIPELINE,
  env,
  ...options
}: Options = {}): Promise<CountingProject> {
  const { spill } = { spill: 's3://wherry-counting/spill', ...options };
  const outside = await mkdtemp(join(tmpdir(), 'wherry-counting-'));
  const folder = join(outside, 'project');
  const counts = join(outside, 'counts');
  const go = join(outside, 'go');
  const write = async (name: string, text: string) => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  await write('pipeline.yml', pipeline);
  await write(
    'conf/base/wherry.yml',
    `grouping: node\nexecution_engine: { env: ${JSON.stringify({ COUNTS: counts, GO: go, ...env })} }\n`,
  );
  await write(
    'conf/fargate/wherry.yml',
    `image: counting:1
${spill === undefined ? '' : `spill: ${spill}\n`}timeout: 48h
execution_engine:
  type: aws-fargate
  cluster: counting
  subnets: [subnet-0123456789abcdef0]
  execution_role_arn: arn:aws:iam::123456789012:role/execution
  task_role_arn: arn:aws:iam::123456789012:role/task
`,
  );
  await writeFile(counts, '');
  const read = async () => {
    const names = (await readFile(counts, 'utf8')).split('\n').filter(Boolean);
    const found: Record<string, number> = {};
    for (const name of names) found[name] = (found[name] ?? 0) + 1;
    return found;
  };
  return {
    folder,
    counts: read,
    go: () => appendFile(go, ''),
    untilBegun: async (node) => until(async () => ((await read())[node] ?? 0) > 0, `${node} has begun`),
    [Symbol.asyncDispose]: () => rm(outside, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** An emulated account that has what the settings of a counting project name. */
export function countingAws(folder: string): Promise<EmulatedAws> {
  return emulatedAws({ image: 'counting:1', folder, cluster: 'counting', bucket: 'wherry-counting' });
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** At most a minute. */
export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within a minute: ${what}`);
}
