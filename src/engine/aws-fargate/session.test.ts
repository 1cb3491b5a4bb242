import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { configSchema } from '../../config/schema.ts';
import { predictedOverrides, RUN_ID } from '../../fargate/predicted-overrides.ts';
import type { RunTaskDetails, runTaskRequest } from '../../fargate/run-task-request.ts';
import { bootstrapCommand } from '../../fargate/step-command.ts';
import type { Plan, PlanTask } from '../../model/plan.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { failed, ok } from '../../util/result.ts';
import { FargateSession, type SessionParts } from './session.ts';

const bootstrap = readFileSync(join(import.meta.dirname, '..', '..', '..', 'bridge', 'bootstrap.py'), 'utf8');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const deflate = (text: string) => deflateSync(text).toString('base64');
const task = {
  name: 'clean',
  nodes: ['clean', 'fit'],
  reads: ['raw'],
  writes: ['model'],
  image: null,
  env: { LEVEL: '3' },
  vcpu: 1,
  memoryMiB: 2048,
};
const plan = {
  planHash: '0'.repeat(64),
  pipeline: '__default__',
  env: 'local',
  tasks: [task],
  boundaryDatasets: [],
  params: {},
  loadVersions: {},
} as unknown as Plan;
const runId = '20261125T030000-abcdef';

/** What a session sends to start the task. */
async function sent(written: object, spill: string | undefined): Promise<ReturnType<typeof runTaskRequest>> {
  const settings = configSchema.parse(written);
  const requests: ReturnType<typeof runTaskRequest>[] = [];
  const isUsers = settings.execution_engine.task_definition !== undefined;
  const session = new FargateSession({
    options: { account: { region: 'eu-central-1' }, capacity: () => 1, logLagMs: 0, sha256, now: () => 0 },
    request: { runId, plan, saveVersion: '2026-11-25T03.00.00.000Z' },
    services: {
      ecs: {
        runTask: async (request: ReturnType<typeof runTaskRequest>) => {
          requests.push(request);
          return ok({ task: { taskArn: 'arn' }, reasons: [] });
        },
      },
    },
    launch: {
      settings,
      definitions: [[null, { arn: 'arn', others: isUsers ? { cpu: 0, memory: 0 } : undefined }]],
      spill,
      stepHash: sha256('step'),
      bootstrap: bootstrapCommand(bootstrap),
    },
  } as unknown as SessionParts);
  const launch: RunTaskDetails['launch'] = { spot: false, vcpu: task.vcpu, memoryMiB: task.memoryMiB };
  const started = await session.start({ task: 'clean', attempt: 1, refusals: 0, takesOver: false, launch });
  assert.ok(started.ok);
  return requests[0] as ReturnType<typeof runTaskRequest>;
}

test('a session sends overrides of the length that check predicts', async () => {
  const users = { execution_engine: { task_definition: 'mine' } };
  const cases: [written: object, spill: string | undefined][] = [
    [{}, 's3://shop/spill'],
    [{}, undefined],
    [users, 's3://shop/spill'],
    [{ ...users, step: 'kedro-command' }, undefined],
  ];
  for (const [written, spill] of cases) {
    const { overrides } = await sent(written, spill);
    const settings = configSchema.parse(written);
    const run = { settings, plan, spill, bootstrap, stepHash: sha256('step'), deflate, params: {} };
    const predicted = predictedOverrides(task as unknown as PlanTask, run);
    const shorter = RUN_ID.length - runId.length;
    assert.equal(JSON.stringify(predicted).length, JSON.stringify(overrides).length + shorter, JSON.stringify(written));
  }
});

const STOPPED: EcsTask = {
  taskArn: 'arn',
  lastStatus: 'STOPPED',
  startedAt: new Date(1000),
  stoppedAt: new Date(9000),
};
const exited = (exitCode?: number) => ({
  containers: [{ name: 'main', ...(exitCode === undefined ? {} : { exitCode }) }],
});
const DONE = { 'tasks/clean/done.json': '{"finishedAt":"2026-11-25T03:00:05.000Z"}' };

/** How a session with a spill, where these objects are, sees the end of an attempt. */
async function ended(
  task: Partial<EcsTask>,
  objects: Readonly<Record<string, string>>,
  {
    isAway = () => false,
    now = () => 0,
    settings = {},
    ...more
  }: { isAway?: () => boolean; now?: () => number; settings?: object; spill?: undefined } = {},
) {
  const get = async (url: string) =>
    isAway()
      ? failed({ kind: 'throttled', service: 'Amazon S3', operation: 'GetObject', detail: 'SlowDown', help: '' })
      : ok(objects[url.replace(`s3://shop/spill/runs/${runId}/`, '')]);
  const session = new FargateSession({
    options: { account: { region: 'eu-central-1' }, capacity: () => 1, logLagMs: 0, sha256, now },
    request: { runId, plan, saveVersion: 'v' },
    services: {
      s3: { get },
      ecs: {
        runTask: async () => ok({ task: { taskArn: 'arn' }, reasons: [] }),
        describeTasks: async () => ok([{ ...STOPPED, ...task }]),
      },
    },
    launch: {
      settings: configSchema.parse(settings),
      definitions: [[null, { arn: 'arn' }]],
      spill: 's3://shop/spill',
      stepHash: '',
      bootstrap: [],
      ...more,
    },
  } as unknown as SessionParts);
  await session.start({
    task: 'clean',
    attempt: 1,
    refusals: 0,
    takesOver: false,
    launch: { spot: true, vcpu: 1, memoryMiB: 2048 },
  });
  return async () => {
    const observed = await session.observe(['arn']);
    assert.ok(observed.ok);
    const observation = observed.value.get('arn');
    if (observation?.state !== 'stopped') return observation?.state;
    return observation.end.failure?.reason ?? observation.end.exitCode;
  };
}

test('a task is done by its marker, whatever took the container: Spot, retirement, a lost host, a stop that came too late', async () => {
  const retired = 'ECS is performing maintenance on the underlying infrastructure hosting the task.';
  const cases: [task: Partial<EcsTask>, without: string][] = [
    [{ stopCode: 'SpotInterruption', ...exited(0) }, 'interrupted'],
    [{ stopCode: 'SpotInterruption', ...exited() }, 'interrupted'],
    [{ stopCode: 'TerminationNotice', stoppedReason: retired, ...exited(0) }, 'interrupted'],
    [exited(), 'lost'],
    [{ stopCode: 'UserInitiated', ...exited(0) }, 'cancelled'],
  ];
  for (const [task, without] of cases) {
    assert.equal(await (await ended(task, DONE))(), 0, JSON.stringify(task));
    assert.equal(await (await ended(task, {}))(), without, JSON.stringify(task));
  }
  assert.equal(await (await ended({ stopCode: 'UserInitiated', ...exited(143) }, DONE))(), 'cancelled');
});

test('an attempt is not over before the spill has said whether its task is done', async () => {
  let isAway = true;
  const look = await ended({ stopCode: 'SpotInterruption', ...exited(0) }, DONE, { isAway: () => isAway });
  assert.equal(await look(), 'running');
  isAway = false;
  assert.equal(await look(), 0);
});

test("status 75 is the platform's where a step ends so, and the user's where plain Kedro runs", async () => {
  const plain = { step: 'kedro', execution_engine: { task_definition: 'shop' } };
  assert.equal(await (await ended(exited(75), {}))(), 'not-started');
  let now = 0;
  const look = await ended(exited(75), {}, { settings: plain, spill: undefined, now: () => now });
  assert.equal(await look(), 'running');
  // By then its log, which there is none of, is no longer waited for.
  now = 600_000;
  assert.equal(await look(), 'exit-nonzero');
});

/** A session beside an ECS that knows these tasks now, and a clock. */
function besideEcs() {
  let now = Date.parse('2026-11-25T03:00:00.000Z');
  const asked: string[] = [];
  let known: EcsTask[] = [];
  const session = new FargateSession({
    options: { account: { region: 'eu-central-1' }, capacity: () => 1, logLagMs: 0, sha256, now: () => now },
    request: { runId, plan, saveVersion: 'v' },
    services: {
      ecs: {
        runTask: async () => {
          asked.push('RunTask');
          return ok({ task: { taskArn: 'arn' }, reasons: [] });
        },
        listTasks: async () => {
          asked.push('ListTasks');
          return ok(known.map(({ taskArn }) => taskArn));
        },
        describeTasks: async () => ok(known),
      },
    },
    launch: {
      settings: configSchema.parse({}),
      definitions: [[null, { arn: 'arn' }]],
      spill: undefined,
      stepHash: '',
      bootstrap: [],
    },
  } as unknown as SessionParts);
  const spec = {
    task: 'clean',
    attempt: 1,
    refusals: 0,
    takesOver: false,
    launch: { spot: false, vcpu: 1, memoryMiB: 2048 },
  };
  return {
    asked,
    knows: (...tasks: EcsTask[]) => {
      known = tasks;
    },
    passes: (seconds: number) => {
      now += seconds * 1000;
    },
    start: () => session.start(spec),
    attach: (handle: string | undefined, secondsAgo: number) =>
      session.attach(spec, { handle, askedAt: now - secondsAgo * 1000 }),
    look: async () => {
      const observed = await session.observe(['arn']);
      assert.ok(observed.ok);
      const seen = observed.value.get('arn');
      return seen?.state === 'stopped' ? seen.end.failure?.reason : seen?.state;
    },
  };
}

const RUNNING: EcsTask = { taskArn: 'arn', lastStatus: 'RUNNING', createdAt: new Date(0), startedAt: new Date(0) };

test('a task that ECS does not know at once, or for a moment, is not forgotten', async () => {
  const { start, knows, passes, look } = besideEcs();
  await start();
  assert.equal(await look(), undefined);
  passes(50);
  knows(RUNNING);
  assert.equal(await look(), 'running');
  passes(300);
  assert.equal(await look(), 'running');
  knows();
  for (let seconds = 0; seconds < 60; seconds += 20, passes(20)) assert.equal(await look(), undefined, `${seconds} s`);
  passes(1);
  assert.equal(await look(), 'unknown');
});

test('a task that is asked for again when a run is resumed is waited for as one that was just started', async () => {
  const { attach, asked, passes, look } = besideEcs();
  assert.deepEqual(await attach(undefined, 600), { ok: true, value: { handle: 'arn' } });
  assert.deepEqual(asked, ['RunTask']);
  assert.equal(await look(), undefined);
  passes(61);
  assert.equal(await look(), 'unknown');
});

test('a task of a run that is resumed is forgotten at once where it may be, and only later where ECS must know it', async () => {
  const young = besideEcs();
  await young.attach('arn', 600);
  assert.equal(await young.look(), undefined);
  const old = besideEcs();
  await old.attach('arn', 2 * 3600);
  assert.equal(await old.look(), 'unknown');
});

test('a task is not asked for again after an hour, in which it may have run and been forgotten with its token', async () => {
  const { attach, asked, knows } = besideEcs();
  const attached = await attach(undefined, 2 * 3600);
  assert.ok(attached.ok && 'state' in attached.value);
  assert.equal(attached.value.end.failure?.reason, 'unknown');
  const environment = [
    { name: 'WHERRY_TASK', value: 'clean' },
    { name: 'WHERRY_ATTEMPT', value: '1' },
  ];
  knows({ ...RUNNING, overrides: { containerOverrides: [{ name: 'main', environment }] } });
  assert.deepEqual(await attach(undefined, 2 * 3600), { ok: true, value: { handle: 'arn' } });
  assert.deepEqual(asked, ['ListTasks', 'ListTasks']);
});

test('a task whose containers ended long ago is over, though its network is still being taken down', async () => {
  const stuckFor = (minutes: number) => ({
    lastStatus: 'DEPROVISIONING',
    executionStoppedAt: new Date(-minutes * 60_000),
  });
  const ownEnd = { stopCode: 'EssentialContainerExited', ...exited(0) } as const;
  assert.equal(await (await ended({ ...ownEnd, ...stuckFor(1) }, {}))(), 'running');
  assert.equal(await (await ended({ ...ownEnd, ...stuckFor(11) }, {}))(), 0);
  assert.equal(await (await ended({ ...ownEnd, lastStatus: 'DEPROVISIONING' }, {}))(), 'running');
});

test('a session has as many attempts under way as the settings of its run say', () => {
  const capacityWith = (engine: object) =>
    new FargateSession({
      options: { account: {}, capacity: (maxTasks = 80) => maxTasks },
      request: { runId, plan },
      services: {},
      launch: { settings: configSchema.parse({ execution_engine: engine }), definitions: [] },
    } as unknown as SessionParts).capacity;
  assert.equal(capacityWith({}), 80);
  assert.equal(capacityWith({ max_tasks: 500 }), 500);
});

test('a task that ends without having begun is not shown as running', async () => {
  const { start, knows, look } = besideEcs();
  await start();
  for (const lastStatus of ['STOPPING', 'DEPROVISIONING']) {
    knows({ taskArn: 'arn', lastStatus, createdAt: new Date(0) });
    assert.equal(await look(), 'pending');
    knows({ ...RUNNING, lastStatus });
    assert.equal(await look(), 'running');
  }
});
