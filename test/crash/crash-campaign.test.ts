import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ecsService } from '../../src/service/aws/ecs.ts';
import { startWherry, wherry } from '../support/cli.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import { cuttingProxy } from './cutting-proxy.ts';

/** A moment of a run at which its process is killed. */
type Cut = `${'torn' | 'after' | 'request' | 'response'}:${number}`;

const CLUSTER = 'crash';
const TASKS = ['first', 'second'];
/** How many runs are under way at once. */
const AT_ONCE = 3;

const PIPELINE = `name: crash
nodes:
  - { name: first, command: 'echo first >> "$COUNTS"; echo 1 > "$WHERRY_OUT_X"', outputs: [x] }
  - { name: second, command: 'echo second >> "$COUNTS"; cp "$WHERRY_IN_X" "$WHERRY_OUT_Y"', inputs: [x], outputs: [y] }
`;

test('run: killed at any change on disk, request or answer, and its resume at the same change, it ends with no task run twice and none left behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-crash-'));
  await mkdir(join(folder, 'image'));
  await using aws = await emulatedAws({
    image: 'crash:1',
    folder: join(folder, 'image'),
    cluster: CLUSTER,
    bucket: 'wherry-crash',
  });
  try {
    const recorded = await runCut(undefined, { folder, aws });
    const cuts = [
      ...numbered('torn', recorded.changes),
      ...numbered('after', recorded.changes),
      ...numbered('request', recorded.requests),
      ...numbered('response', recorded.requests),
    ];
    const faults: string[] = [];
    let resumed = 0;
    await inParallel(cuts, async (cut) => {
      const found = await runCut(cut, { folder, aws });
      faults.push(...found.faults.map((fault) => `${cut}: ${fault}`));
      if (found.wasKilled) resumed += 1;
    });
    t.diagnostic(`${cuts.length} boundaries, ${resumed} of them cut a run; ${faults.length} faults`);
    assert.deepEqual(faults, []);
    assert.ok(resumed > cuts.length * 0.9, `only ${resumed} of ${cuts.length} cuts met a run`);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
});

function numbered(kind: 'torn' | 'after' | 'request' | 'response', count: number): Cut[] {
  return Array.from({ length: count }, (_, index): Cut => `${kind}:${index + 1}`);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

interface Bench {
  readonly folder: string;
  readonly aws: EmulatedAws;
}

/** One run in a project of its own, killed at `cut` and resumed until it has succeeded. */
async function runCut(cut: Cut | undefined, { folder, aws }: Bench) {
  const { project, counts } = await makeProject(join(folder, (cut ?? 'whole').replace(':', '-')));
  const [kind, nth] = cut?.split(':') ?? [];
  let passed = 0;
  let kill: () => void = () => undefined;
  const gate = (what: 'request' | 'response') => {
    if (what === 'request') passed += 1;
    const isOpen = kind !== what || passed !== Number(nth);
    if (!isOpen) kill();
    return isOpen;
  };
  const proxies = await Promise.all(
    ['ECS', 'S3'].map((name) => cuttingProxy(aws.env[`AWS_ENDPOINT_URL_${name}`] ?? '', gate)),
  );
  const [control = '', s3 = ''] = proxies.map(({ url }) => url);
  const count = join(project, '..', 'changes');
  const { child, ended } = startWherry(['run', '-C', project], {
    ...aws.env,
    AWS_ENDPOINT_URL_ECS: control,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: control,
    AWS_ENDPOINT_URL_STS: control,
    AWS_ENDPOINT_URL_S3: s3,
    ...CUTTING,
    ...(cut === undefined ? { CUT_COUNT: count } : { CUT: cut }),
  });
  kill = () => child.kill('SIGKILL');
  const { status, stderr } = await ended;
  for (const proxy of proxies) proxy.close();
  if (cut === undefined) {
    assert.equal(status, 0, stderr);
    return { changes: Number(await readFile(count, 'utf8')), requests: passed, wasKilled: false, faults: [] };
  }
  const faults =
    status === null
      ? await resume({ project, counts, aws, cut })
      : status === 0
        ? []
        : [`ended with ${status}: ${stderr}`];
  return { changes: 0, requests: 0, wasKilled: status === null, faults };
}

const CUTTING = { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'cut-writes.mjs')}` };

interface Interrupted {
  readonly cut: Cut;
  readonly project: string;
  readonly counts: string;
  readonly aws: EmulatedAws;
}

/** What is wrong after the run was resumed; nothing, as a rule. */
async function resume({ project, counts, aws, cut }: Interrupted): Promise<string[]> {
  const words = ['-C', project, '--format', 'json'];
  // It is killed at the same change on disk as the run was, and a third process goes on.
  const second = await wherry(['resume', ...words], { ...aws.env, ...CUTTING, CUT: cut });
  const resumed = second.status === null ? await wherry(['resume', ...words], aws.env) : second;
  // Killed before it was a run at all: then the user starts one.
  const isNone = resumed.status === 2 && /has no runs yet/.test(resumed.stderr);
  const last = isNone ? await wherry(['run', ...words], aws.env) : resumed;
  if (last.status !== 0) return [`resume ended with ${last.status}: ${last.stderr}`];
  // What had succeeded before it was killed says nothing more.
  const { runId, state } = last.stdout === '' ? await newestRun(project) : (JSON.parse(last.stdout) as RunOfThese);
  const ran = (await readFile(counts, 'utf8')).split('\n').filter(Boolean).sort();
  const started = await tasksOf(runId, aws);
  return [
    state !== 'succeeded' && `the run is ${state}`,
    ran.join() !== TASKS.join() && `ran ${ran.join()}`,
    started.length !== TASKS.length && `${started.length} ECS tasks`,
    started.some(({ lastStatus }) => lastStatus !== 'STOPPED') && 'an ECS task is left',
  ].filter((fault) => fault !== false);
}

interface RunOfThese {
  readonly runId: string;
  readonly state: string;
}

async function newestRun(project: string): Promise<RunOfThese> {
  const { stdout } = await wherry(['status', '-C', project, '--format', 'json']);
  return JSON.parse(stdout) as RunOfThese;
}

/** All ECS tasks of a run. */
async function tasksOf(runId: string, { account }: EmulatedAws) {
  const ecs = ecsService(account);
  try {
    const listed = await ecs.listTasks(CLUSTER, runId);
    assert.ok(listed.ok);
    const described = await ecs.describeTasks(CLUSTER, listed.value);
    assert.ok(described.ok);
    return described.value;
  } finally {
    ecs.close();
  }
}

async function makeProject(outside: string) {
  const project = join(outside, 'project');
  const counts = join(outside, 'counts');
  await mkdir(join(project, 'conf', 'base'), { recursive: true });
  await writeFile(counts, '');
  await writeFile(join(project, 'pipeline.yml'), PIPELINE);
  const settings = {
    image: 'crash:1',
    grouping: 'node',
    spill: 's3://wherry-crash/spill',
    execution_engine: {
      type: 'aws-fargate',
      cluster: CLUSTER,
      subnets: ['subnet-0123456789abcdef0'],
      execution_role_arn: 'execution',
      task_role_arn: 'task',
      env: { COUNTS: counts },
    },
  };
  await writeFile(join(project, 'conf', 'base', 'wherry.yml'), JSON.stringify(settings));
  return { project, counts };
}
