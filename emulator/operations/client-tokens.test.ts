import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import {
  CreateClusterCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { CLUSTER, clients, definition, describe, request } from '../test-clients.ts';
import { temporaryFolder } from '../test-emulator.ts';
import { openTestWorld, type TestWorld } from '../test-world.ts';

const HOUR = 3600;

const folder = temporaryFolder();
let emulator: TestWorld;
let ecs: ECSClient;
let token = 0;

async function open() {
  emulator = await openTestWorld({ stateDir: folder.path });
  ecs = clients(emulator, { maxAttempts: 1 }).ecs;
}

before(async () => {
  await open();
  for (const clusterName of [CLUSTER, 'other']) await ecs.send(new CreateClusterCommand({ clusterName }));
  await register('short', ['exit', '0']);
  await register('endless', ['sleep', String(1000 * HOUR)]);
});

after(() => {
  emulator.end();
  folder.remove();
});

beforeEach(() => {
  token += 1;
});

const register = (family: string, command: string[]) =>
  ecs.send(
    new RegisterTaskDefinitionCommand(definition(family, '', { entryPoint: [], command, logConfiguration: undefined })),
  );

const pass = (advanceSeconds: number) => emulator.control('POST', 'time', { advanceSeconds });

/** Calls RunTask with this test's token. */
async function ask(family: string, more: Partial<RunTaskCommandInput> = {}) {
  const { tasks, failures } = await ecs.send(
    new RunTaskCommand(request(family, { clientToken: `token-${token}`, ...more })),
  );
  return { tasks: tasks ?? [], failures: failures ?? [], arns: tasks?.map(({ taskArn }) => taskArn) ?? [] };
}

const stop = (task: string | undefined) => ecs.send(new StopTaskCommand({ cluster: CLUSTER, task }));

it('clientToken: the same call again starts nothing and answers what lives whole', async () => {
  const first = await ask('endless', { count: 2 });
  const again = await ask('endless', { count: 2 });
  assert.deepEqual(again.arns, first.arns);
  assert.equal(again.tasks[0]?.taskDefinitionArn, first.tasks[0]?.taskDefinitionArn);
  assert.equal(emulator.world.lives.size, 2);
  for (const arn of first.arns) await stop(arn);
});

it('clientToken: of a stopped task the ARN and the two statuses are answered, for an hour', async () => {
  const first = await ask('short');
  await pass(120);
  const { stoppedAt } = await describe(ecs, first.arns[0]);
  const again = await ask('short');
  assert.deepEqual({ ...again.tasks[0] }, { taskArn: first.arns[0], lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
  await pass(Number(stoppedAt) / 1000 + HOUR - emulator.world.clock.now() / 1000 - 10);
  assert.deepEqual((await ask('short')).arns, first.arns);
  await pass(20);
  assert.notDeepEqual((await ask('short')).arns, first.arns);
});

it('clientToken: is forgotten after 24 hours, though the task lives', async () => {
  const first = await ask('endless');
  await pass(24 * HOUR - 10);
  assert.deepEqual((await ask('endless')).arns, first.arns);
  await pass(20);
  const second = await ask('endless');
  assert.notDeepEqual(second.arns, first.arns);
  assert.equal((await describe(ecs, first.arns[0])).lastStatus, 'RUNNING');
  for (const arn of [...first.arns, ...second.arns]) await stop(arn);
});

it('clientToken: of several tasks the last to stop keeps it', async () => {
  const { arns } = await ask('endless', { count: 2 });
  await pass(60);
  await stop(arns[0]);
  await pass(5 * HOUR);
  const again = await ask('endless', { count: 2 });
  assert.deepEqual(again.arns, arns);
  assert.deepEqual(
    again.tasks.map(({ lastStatus }) => lastStatus),
    ['STOPPED', 'RUNNING'],
  );
  await stop(arns[1]);
  await pass(HOUR - 60);
  assert.deepEqual((await ask('endless', { count: 2 })).arns, arns);
  await pass(200);
  assert.notDeepEqual((await ask('endless', { count: 2 })).arns, arns);
});

it('clientToken: other parameters are a ConflictException that names the tasks', async () => {
  const environment = [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ];
  const overrides = (list = environment) => ({
    overrides: { containerOverrides: [{ name: 'main', environment: list }] },
  });
  const { arns } = await ask('short', { count: 2, ...overrides() });
  assert.deepEqual((await ask('short', { count: 2, ...overrides() })).arns, arns);
  for (const more of [
    { count: 1, ...overrides() },
    { count: 2, ...overrides([...environment].reverse()) },
    { count: 2, ...overrides(), startedBy: 'another' },
    { count: 2 },
  ])
    await assert.rejects(ask('short', more), { name: 'ConflictException', resourceIds: arns });
});

it('clientToken: a family whose newest revision is another by then is another parameter', async () => {
  await register('moving', ['exit', '0']);
  const { arns } = await ask('moving');
  assert.deepEqual((await ask('moving')).arns, arns);
  await register('moving', ['exit', '1']);
  await assert.rejects(ask('moving'), { name: 'ConflictException', resourceIds: arns });
});

it('clientToken: belongs to one cluster, whether it is named or given as ARN', async () => {
  const { arns, tasks } = await ask('short');
  assert.notDeepEqual((await ask('short', { cluster: 'other' })).arns, arns);
  assert.deepEqual((await ask('short', { cluster: tasks[0]?.clusterArn })).arns, arns);
});

it('clientToken: failures[] are answered again too, after an hour only as many, and for 24 hours none is tried', async () => {
  await emulator.control('PUT', 'faults', { tasks: [{ fault: 'no-capacity', nth: [2, 3, 4] }] });
  const { arns, failures } = await ask('endless', { count: 2 });
  assert.deepEqual([arns.length, failures.length], [1, 1]);
  const again = await ask('endless', { count: 2 });
  assert.deepEqual([again.arns, again.failures], [arns, failures]);
  await pass(HOUR);
  assert.deepEqual((await ask('endless', { count: 2 })).failures, [{}]);
  token += 1;
  assert.deepEqual((await ask('endless', { count: 2 })).arns, []);
  await emulator.control('DELETE', 'faults');
  await pass(24 * HOUR - 10);
  assert.deepEqual((await ask('endless', { count: 2 })).failures, [{}, {}]);
  await pass(20);
  assert.equal((await ask('endless', { count: 2 })).arns.length, 2);
});

it('clientToken: a call that was refused leaves it free', async () => {
  await emulator.control('PUT', 'faults', { tasks: [{ fault: 'vcpu-limit', times: 1 }] });
  await assert.rejects(ask('short'), { name: 'ClientException' });
  await assert.rejects(ask('short', { count: 11 }), { name: 'InvalidParameterException' });
  await emulator.control('DELETE', 'faults');
  assert.equal((await ask('short')).arns.length, 1);
});

it('clientToken: outlives the emulator', async () => {
  const { arns } = await ask('short');
  await pass(60);
  emulator.end();
  await open();
  assert.deepEqual((await ask('short')).arns, arns);
  await assert.rejects(ask('short', { startedBy: 'x' }), { name: 'ConflictException', resourceIds: arns });
});
