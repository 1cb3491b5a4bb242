import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { CLUSTER, clients, definition, describe, request, run } from './test-clients.ts';
import { openTestWorld, type TestWorld } from './test-world.ts';

let emulator: TestWorld;
let ecs: ECSClient;

before(async () => {
  emulator = await openTestWorld();
  ({ ecs } = clients(emulator));
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  const command = ['print', 'hello', 'sleep', '60', 'exit', '3'];
  const more = { entryPoint: [], command, logConfiguration: undefined };
  await ecs.send(new RegisterTaskDefinitionCommand(definition('sleeps', '', more)));
});

after(() => emulator.end());

it('time: a task goes through its whole life in one advance, with the times it would have had', async () => {
  const { taskArn } = await run(ecs, request('sleeps'));
  await emulator.control('POST', 'time', { advanceSeconds: 3600 });
  const task = await describe(ecs, taskArn);
  assert.deepEqual([task.lastStatus, task.containers?.[0]?.exitCode], ['STOPPED', 3]);
  const seconds = (a: Date | undefined, b: Date | undefined) => Math.round((Number(b) - Number(a)) / 1000);
  assert.equal(seconds(task.createdAt, task.connectivityAt), 10);
  assert.equal(seconds(task.pullStartedAt, task.pullStoppedAt), 9);
  assert.equal(seconds(task.startedAt, task.executionStoppedAt), 60);
});

it('time: a stopped task is described for one hour after its end, and is MISSING then', async () => {
  const { taskArn } = await run(ecs, request('sleeps'));
  await emulator.control('POST', 'time', { advanceSeconds: 200 });
  const { stoppedAt } = await describe(ecs, taskArn);
  const left = Number(stoppedAt) / 1000 + 3600 - emulator.world.clock.now() / 1000;
  await emulator.control('POST', 'time', { advanceSeconds: left - 5 });
  assert.equal((await describe(ecs, taskArn)).lastStatus, 'STOPPED');
  await emulator.control('POST', 'time', { advanceSeconds: 10 });
  const { failures } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: [taskArn ?? ''] }));
  assert.deepEqual(failures, [{ arn: taskArn, reason: 'MISSING' }]);
});

it('time: says what it is, and refuses to go back', async () => {
  const { answer } = await emulator.control('GET', 'time');
  const { now, aheadSeconds } = answer as { now: string; aheadSeconds: number };
  assert.ok(Math.abs(Date.parse(now) - Date.now() - aheadSeconds * 1000) < 10_000);
  for (const body of [{ advanceSeconds: -1 }, {}, { advanceSeconds: '5' }, { advanceSeconds: 2e9 }, 'no JSON'])
    assert.equal((await emulator.control('POST', 'time', body)).status, 400);
});

it('calls: are counted by operation, refusals by the name of their error, until they are reset', async () => {
  await emulator.control('DELETE', 'calls');
  for (let call = 0; call < 3; call += 1) await run(ecs, request('sleeps'));
  await assert.rejects(ecs.send(new RunTaskCommand({ ...request('sleeps'), cluster: 'nobody' })));
  await fetch(emulator.env.AWS_ENDPOINT_URL_STS ?? '', { method: 'POST', body: 'Action=GetCallerIdentity' });
  await fetch(emulator.env.AWS_ENDPOINT_URL_ECS ?? '', { method: 'POST', headers: { 'x-amz-target': 'Other_1.Do' } });
  assert.deepEqual((await emulator.control('GET', 'calls')).answer, {
    total: 6,
    operations: {
      'Other_1:Do': { calls: 1, errors: { UnknownOperationException: 1 } },
      'ecs:RunTask': { calls: 4, errors: { ClusterNotFoundException: 1 } },
      'sts:GetCallerIdentity': { calls: 1, errors: {} },
    },
  });
  await emulator.control('DELETE', 'calls');
  assert.deepEqual((await emulator.control('GET', 'calls')).answer, { total: 0, operations: {} });
});

it('control: a resource that is not there is 404', async () => {
  assert.equal((await emulator.control('GET', 'nothing')).status, 404);
  assert.equal((await emulator.control('PATCH', 'time')).status, 404);
});
