import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import {
  CreateClusterCommand,
  DescribeClustersCommand,
  type ECSClient,
  type ECSServiceException,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { CLUSTER, clients, definition, describe, request, run } from '../test-clients.ts';
import { openTestWorld, type TestWorld } from '../test-world.ts';

let emulator: TestWorld;
let ecs: ECSClient;
/** Makes one attempt only, so that a test sees each answer. */
let once: ECSClient;

before(async () => {
  emulator = await openTestWorld();
  ecs = clients(emulator).ecs;
  once = clients(emulator, { maxAttempts: 1 }).ecs;
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  for (const family of ['first', 'second'])
    await ecs.send(new RegisterTaskDefinitionCommand(definition(family, '', { logConfiguration: undefined })));
});

after(() => emulator.end());

afterEach(async () => {
  await emulator.control('DELETE', 'faults');
  await emulator.control('DELETE', 'calls');
});

async function faults(text: string): Promise<void> {
  const { status, answer } = await emulator.control('PUT', 'faults', text);
  assert.equal(status, 200, JSON.stringify(answer));
}

const answered = (name: string, message: string, status: number) => (error: ECSServiceException) => {
  assert.deepEqual([error.name, error.message, error.$metadata.httpStatusCode], [name, message, status]);
  return true;
};

const errorsOf = async (operation: string) => {
  const { answer } = await emulator.control('GET', 'calls');
  return (answer as { operations: Record<string, unknown> }).operations[operation];
};

it('throttled: is ThrottlingException 400 "Rate exceeded", which the SDK tries again', async () => {
  await faults('requests: [{fault: throttled, operation: DescribeClusters, nth: [1, 2, 4]}]');
  await ecs.send(new DescribeClustersCommand({}));
  assert.deepEqual(await errorsOf('ecs:DescribeClusters'), { calls: 3, errors: { ThrottlingException: 2 } });
  await assert.rejects(
    once.send(new DescribeClustersCommand({})),
    answered('ThrottlingException', 'Rate exceeded', 400),
  );
});

it('ec2-throttled: is the limit of EC2 that ECS wraps, which the SDK does not try again', async () => {
  await faults('requests: [{fault: ec2-throttled, operation: RunTask}]');
  await assert.rejects(ecs.send(new RunTaskCommand(request('first'))), {
    name: 'InvalidParameterException',
    message: /Rate exceeded \(ErrorCode: Throttling\)/,
  });
  assert.deepEqual(await errorsOf('ecs:RunTask'), { calls: 1, errors: { InvalidParameterException: 1 } });
});

it('server-error and error: answer with their name, message and status, STS in its own protocol', async () => {
  await faults(`
requests:
  - {fault: server-error, operation: ListTasks}
  - {fault: error, type: AccessDeniedException, message: not you, operation: [RunTask, GetCallerIdentity], status: 403}
`);
  const list = once.send(new ListTasksCommand({ cluster: CLUSTER }));
  await assert.rejects(list, answered('ServerException', 'Service Unavailable. Please try again later.', 500));
  await assert.rejects(
    once.send(new RunTaskCommand(request('first'))),
    answered('AccessDeniedException', 'not you', 403),
  );
  const sts = { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15' };
  const response = await fetch(emulator.env.AWS_ENDPOINT_URL_STS ?? '', sts);
  assert.equal(response.status, 403);
  assert.match(await response.text(), /<Code>AccessDeniedException<\/Code><Message>not you<\/Message>/);
});

it('connection-reset: cuts the connection, and nothing was done', async () => {
  await faults('requests: [{fault: connection-reset, operation: RunTask, times: 1}]');
  const before = emulator.world.tasks.size;
  await assert.rejects(once.send(new RunTaskCommand(request('first'))), { code: 'ECONNRESET' });
  assert.equal(emulator.world.tasks.size, before);
  assert.deepEqual(await errorsOf('ecs:RunTask'), { calls: 1, errors: { 'connection reset': 1 } });
});

it('answer-lost: does what was asked and cuts the connection; the same token then finds the task', async () => {
  await faults('requests: [{fault: answer-lost, operation: RunTask, nth: [1, 2]}]');
  const before = emulator.world.tasks.size;
  const input = request('first', { clientToken: 'lost' });
  await assert.rejects(once.send(new RunTaskCommand(input)), { code: 'ECONNRESET' });
  assert.equal(emulator.world.tasks.size, before + 1);
  // The SDK itself tries again after a cut.
  const found = await run(ecs, input);
  assert.equal(emulator.world.tasks.size, before + 1);
  assert.ok(emulator.world.tasks.has(found.taskArn?.split('/').at(-1) ?? ''));
  assert.deepEqual(await errorsOf('ecs:RunTask'), { calls: 3, errors: { 'answer lost': 2 } });
});

it('requests: a fault with `where` meets what is about such tasks: RunTask by its parameters, others by the tasks named', async () => {
  await faults(`
requests:
  - {fault: server-error, where: {family: second, env: {WHO: me}}}
`);
  const overrides = { containerOverrides: [{ name: 'main', environment: [{ name: 'WHO', value: 'me' }] }] };
  const first = await run(once, request('first', { overrides }));
  const other = await run(once, request('second'));
  await assert.rejects(once.send(new RunTaskCommand(request('second', { overrides }))), { name: 'ServerException' });
  await emulator.control('DELETE', 'faults');
  const second = await run(once, request('second', { overrides }));
  await faults('requests: [{fault: throttled, where: {env: {WHO: "*"}, family: s*d}}]');
  await describe(once, first.taskArn);
  await describe(once, other.taskArn);
  await assert.rejects(describe(once, second.taskArn), { name: 'ThrottlingException' });
  await once.send(new ListTasksCommand({ cluster: CLUSTER }));
});

it('rates: a call above its bucket is throttled until the clock has filled it again', async () => {
  await faults('rates: {cluster-read: {burst: 3, perSecond: 0.5}}');
  const ask = () => once.send(new DescribeClustersCommand({}));
  for (let call = 0; call < 3; call += 1) await ask();
  await assert.rejects(ask(), { name: 'ThrottlingException' });
  await emulator.control('POST', 'time', { advanceSeconds: 4 });
  await ask();
  await ask();
  await assert.rejects(ask(), { name: 'ThrottlingException' });
});

it('control: faults that are wrong are refused whole, and those before stay', async () => {
  await faults('requests: [{fault: throttled, operation: ListTasks, times: 1}]');
  const { status, answer } = await emulator.control('PUT', 'faults', 'requests: [{fault: nothing}]');
  assert.equal(status, 400);
  assert.match((answer as { message: string }).message, /^1:20: requests.0.fault: 'nothing' is no fault of requests/);
  await ecs.send(new ListTasksCommand({ cluster: CLUSTER }));
  const shown = (await emulator.control('GET', 'faults')).answer as { requests: object[] };
  assert.deepEqual(shown.requests, [{ fault: 'throttled', operation: ['ListTasks'], times: 1, matched: 2, hits: 1 }]);
  await emulator.control('PUT', 'faults', { requests: [] });
  assert.deepEqual((await emulator.control('GET', 'faults')).answer, { seed: 1, quota: {}, requests: [], tasks: [] });
});
