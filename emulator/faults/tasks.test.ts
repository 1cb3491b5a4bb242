import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import { type CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  type ContainerDefinition,
  CreateClusterCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { CLUSTER, clients, definition, describe, LOG_GROUP, lines, request, run } from '../test-clients.ts';
import { openTestWorld, type TestWorld } from '../test-world.ts';
import { START_FAILURES } from './start-failures.ts';

let emulator: TestWorld;
let ecs: ECSClient;
let logs: CloudWatchLogsClient;

before(async () => {
  emulator = await openTestWorld();
  ({ ecs, logs } = clients(emulator, { maxAttempts: 1 }));
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER, capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  await register('works', ['print', 'one', 'sleep', '60', 'print', 'two', 'exit', '0']);
  await register('deaf', ['deaf', '', 'sleep', '600', 'exit', '0'], { stopTimeout: 90 });
});

after(() => emulator.end());

afterEach(async () => {
  await emulator.control('DELETE', 'faults');
  // No task of one test counts in another.
  await pass(7200);
});

const register = (family: string, command: string[], more: Partial<ContainerDefinition> = {}) =>
  ecs.send(new RegisterTaskDefinitionCommand(definition(family, '', { entryPoint: [], command, ...more })));

const pass = (advanceSeconds: number) => emulator.control('POST', 'time', { advanceSeconds });

async function faults(...tasks: object[]): Promise<void> {
  const { status, answer } = await emulator.control('PUT', 'faults', { tasks });
  assert.equal(status, 200, JSON.stringify(answer));
}

const SPOT = { launchType: undefined, capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] };

const idOf = ({ taskArn }: Task) => taskArn?.split('/').at(-1) ?? '';

const ending = ({ lastStatus, stopCode, stoppedReason, containers }: Task) => ({
  lastStatus,
  stopCode,
  stoppedReason,
  exitCode: containers?.at(-1)?.exitCode,
});

const secondsBetween = (a: Date | undefined, b: Date | undefined) => Math.round((Number(b) - Number(a)) / 1000);

it('no-capacity: is in failures[] with no ARN, or an exception, and no task is started', async () => {
  await faults({ fault: 'no-capacity', nth: 1 }, { fault: 'no-capacity', reason: 'RESOURCE:FARGATE', nth: 1 });
  const capacity = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
  const first = await ecs.send(new RunTaskCommand(request('works')));
  assert.deepEqual([first.tasks, first.failures], [[], [{ reason: capacity }]]);
  await faults({ fault: 'no-capacity', reason: 'RESOURCE:FARGATE', where: { launch: 'spot' } });
  const second = await ecs.send(new RunTaskCommand(request('works', SPOT)));
  assert.deepEqual([second.tasks, second.failures], [[], [{ reason: 'RESOURCE:FARGATE' }]]);
  assert.equal((await ecs.send(new RunTaskCommand(request('works')))).tasks?.length, 1);
  await faults({ fault: 'no-capacity', as: 'exception' });
  await assert.rejects(run(ecs, request('works')), { name: 'ClientException', message: capacity });
  assert.equal(emulator.world.lives.size, 1);
});

it('no-capacity: of several tasks of one call some may be started', async () => {
  await faults({ fault: 'no-capacity', nth: [2, 3] });
  const { tasks, failures } = await ecs.send(new RunTaskCommand(request('works', { count: 4 })));
  assert.deepEqual([tasks?.length, failures?.length], [2, 2]);
});

it('vcpu-limit: is the words of the quota', async () => {
  await faults({ fault: 'vcpu-limit', times: 1 });
  const message = "You've reached the limit on the number of vCPUs you can run concurrently";
  await assert.rejects(run(ecs, request('works')), { name: 'ClientException', message });
  await run(ecs, request('works'));
});

it('quota: counts what has not stopped, on demand and on Spot each for itself', async () => {
  await emulator.control('PUT', 'faults', { quota: { onDemand: 0.75, spot: 0.25 } });
  const tooMany = { name: 'ClientException', message: /limit on the number of vCPUs/ };
  await assert.rejects(ecs.send(new RunTaskCommand(request('works', { count: 4 }))), tooMany);
  await ecs.send(new RunTaskCommand(request('works', { count: 3 })));
  await assert.rejects(run(ecs, request('works')), tooMany);
  await run(ecs, request('works', SPOT));
  await assert.rejects(run(ecs, request('works', SPOT)), tooMany);
  await pass(83);
  const { taskArns } = await ecs.send(new ListTasksCommand({ cluster: CLUSTER, desiredStatus: 'STOPPED' }));
  assert.equal(taskArns?.length, 4, 'all are asked to stop, and have not yet');
  await assert.rejects(run(ecs, request('works')), tooMany);
  await pass(60);
  await run(ecs, request('works'));
});

it('rates: launches on demand and on Spot have buckets of their own, of as many tokens as tasks', async () => {
  const bucket = { burst: 5, perSecond: 0 };
  const rates = { 'fargate-launch-on-demand': bucket, 'fargate-launch-spot': bucket };
  await emulator.control('PUT', 'faults', { rates });
  await ecs.send(new RunTaskCommand(request('works', { count: 4 })));
  await assert.rejects(ecs.send(new RunTaskCommand(request('works', { count: 2 }))), { name: 'ThrottlingException' });
  await ecs.send(new RunTaskCommand(request('works', { count: 5, ...SPOT })));
  await run(ecs, request('works'));
});

it('unseen: a task is MISSING for so many describes or seconds after RunTask, and not listed', async () => {
  const ask = async ({ taskArn }: Task) => {
    const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: [taskArn ?? ''] }));
    return tasks?.[0]?.lastStatus ?? failures?.[0]?.reason;
  };
  const isListed = async ({ taskArn }: Task) =>
    (await ecs.send(new ListTasksCommand({ cluster: CLUSTER }))).taskArns?.includes(taskArn ?? '');
  await faults({ fault: 'unseen', describes: 2, times: 1 });
  const counted = await run(ecs, request('works'));
  assert.equal(await isListed(counted), false);
  assert.deepEqual(
    [await ask(counted), await ask(counted), await ask(counted)],
    ['MISSING', 'MISSING', 'PROVISIONING'],
  );
  assert.equal(await isListed(counted), true);
  assert.equal(await ask(await run(ecs, request('works'))), 'PROVISIONING');
  await faults({ fault: 'unseen', seconds: 5 });
  const timed = await run(ecs, request('works'));
  assert.equal(await ask(timed), 'MISSING');
  await pass(4);
  assert.equal(await ask(timed), 'MISSING');
  await pass(2);
  assert.equal(await ask(timed), 'PROVISIONING');
});

it('injected-container: is before the containers of the definition, and not the one whose exit code counts', async () => {
  await faults({ fault: 'injected-container' });
  const { taskArn } = await run(ecs, request('works'));
  await pass(40);
  const names = (task: Task) => task.containers?.map(({ name, lastStatus, exitCode }) => [name, lastStatus, exitCode]);
  assert.deepEqual(names(await describe(ecs, taskArn)), [
    ['aws-guardduty-agent-fgsgW', 'RUNNING', undefined],
    ['main', 'RUNNING', undefined],
  ]);
  await pass(120);
  assert.deepEqual(names(await describe(ecs, taskArn)), [
    ['aws-guardduty-agent-fgsgW', 'STOPPED', 143],
    ['main', 'STOPPED', 0],
  ]);
});

it('slow-network: PROVISIONING takes longer by so much', async () => {
  await faults({ fault: 'slow-network', seconds: 120 });
  const { taskArn } = await run(ecs, request('works'));
  await pass(100);
  assert.equal((await describe(ecs, taskArn)).lastStatus, 'PROVISIONING');
  await pass(600);
  const task = await describe(ecs, taskArn);
  assert.equal(secondsBetween(task.createdAt, task.connectivityAt), 130);
  assert.equal(ending(task).exitCode, 0);
});

for (const cause of Object.keys(START_FAILURES)) {
  it(`fails-to-start: ${cause} ends the task as TaskFailedToStart with its words, and no container runs`, async () => {
    await faults({ fault: 'fails-to-start', cause });
    const { taskArn } = await run(ecs, request('works'));
    await pass(300);
    const task = await describe(ecs, taskArn);
    const { at, reason, containerReason } = { containerReason: undefined, ...START_FAILURES[cause as 'efs'] };
    const said = reason({ image: 'image:1', subnet: 'subnet-1', region: 'eu-central-1' });
    assert.deepEqual(ending(task), {
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: said,
      exitCode: undefined,
    });
    assert.equal(task.containers?.[0]?.reason, containerReason ?? (at === 'pull' ? said : undefined));
    const reached = { network: undefined, inputs: undefined, pull: task.pullStartedAt, start: task.pullStoppedAt }[at];
    assert.equal(reached === undefined, at === 'network' || at === 'inputs');
    assert.equal(task.startedAt, undefined);
    await assert.rejects(lines(logs, task), { name: 'ResourceNotFoundException' });
  });
}

it('fails-to-start: a reason of one’s own is taken as it stands', async () => {
  const reason = 'CannotPullContainerError: net/http: TLS handshake timeout';
  await faults({ fault: 'fails-to-start', reason });
  const { taskArn } = await run(ecs, request('works'));
  await pass(300);
  const task = await describe(ecs, taskArn);
  assert.deepEqual([task.stoppedReason, task.containers?.[0]?.reason], [reason, reason]);
  const { status } = await emulator.control('PUT', 'faults', { tasks: [{ fault: 'fails-to-start' }] });
  assert.equal(status, 400);
});

it('spot-interruption: is SIGTERM, and SIGKILL after stopTimeout, with the code and words of Spot', async () => {
  await faults({ fault: 'spot-interruption', after: 20, where: { launch: 'spot' } });
  const spot = await run(ecs, request('deaf', SPOT));
  const onDemand = await run(ecs, request('works'));
  await pass(45);
  const warned = await describe(ecs, spot.taskArn);
  assert.deepEqual(
    [warned.desiredStatus, warned.stopCode, warned.stoppedReason, warned.containers?.[0]?.lastStatus],
    ['STOPPED', 'SpotInterruption', 'Your Spot Task was interrupted.', 'RUNNING'],
  );
  await pass(300);
  const task = await describe(ecs, spot.taskArn);
  assert.equal(ending(task).exitCode, 137);
  assert.equal(secondsBetween(task.startedAt, task.stoppingAt), 20);
  assert.ok(secondsBetween(task.stoppingAt, task.executionStoppedAt) >= 90);
  assert.equal(ending(await describe(ecs, onDemand.taskArn)).exitCode, 0);
});

it('spot-interruption: a container that hears SIGTERM ends by it, and the older stopCode can be asked for', async () => {
  await faults({ fault: 'spot-interruption', stopCode: 'TerminationNotice' });
  const { taskArn } = await run(ecs, request('works', SPOT));
  await pass(120);
  assert.deepEqual(ending(await describe(ecs, taskArn)), {
    lastStatus: 'STOPPED',
    stopCode: 'TerminationNotice',
    stoppedReason: 'Your Spot Task was interrupted.',
    exitCode: 143,
  });
});

it('retirement: stops the task in the words of maintenance', async () => {
  await faults({ fault: 'retirement', after: 5 });
  const { taskArn } = await run(ecs, request('works'));
  await pass(300);
  const task = await describe(ecs, taskArn);
  assert.equal(ending(task).exitCode, 143);
  assert.match(
    task.stoppedReason ?? '',
    /^ECS is performing maintenance on the underlying infrastructure hosting the task/,
  );
});

it('host-lost: the task is STOPPED with neither exit code nor stopCode, its containers gone without SIGTERM', async () => {
  await faults({ fault: 'host-lost', after: 10 });
  const { taskArn } = await run(ecs, request('deaf'));
  await pass(60);
  const task = await describe(ecs, taskArn);
  assert.deepEqual(ending(task), {
    lastStatus: 'STOPPED',
    stopCode: undefined,
    stoppedReason: undefined,
    exitCode: undefined,
  });
  assert.equal(secondsBetween(task.startedAt, task.stoppedAt), 10);
});

it('host-lost: one that nobody reports runs for ever, until it is stopped', async () => {
  await faults({ fault: 'host-lost', after: 10, reported: false });
  const started = await run(ecs, request('works'));
  await pass(90_000);
  assert.equal((await describe(ecs, started.taskArn)).lastStatus, 'RUNNING');
  assert.deepEqual(await lines(logs, started), ['one'], 'its container is gone');
  await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: started.taskArn }));
  await pass(60);
  assert.deepEqual(ending(await describe(ecs, started.taskArn)), {
    lastStatus: 'STOPPED',
    stopCode: 'UserInitiated',
    stoppedReason: 'Task stopped by user',
    exitCode: undefined,
  });
});

it('late-logs: lines arrive so long after they were written, with the time of writing', async () => {
  await faults({ fault: 'late-logs', seconds: 30 });
  const started = await run(ecs, request('works'));
  await pass(25);
  await assert.rejects(lines(logs, started), { name: 'ResourceNotFoundException' });
  await pass(30);
  assert.deepEqual(await lines(logs, started), ['one']);
  await pass(60);
  assert.deepEqual(await lines(logs, started), ['one', 'two']);
  const [event] = emulator.world.logs.events({ group: LOG_GROUP, stream: `ecs/main/${idOf(started)}` }) ?? [];
  assert.equal(Math.round(((event?.ingestionTime ?? 0) - (event?.timestamp ?? 0)) / 1000), 30);
});

it('late-logs: from the end, no line is there before the task has stopped', async () => {
  await faults({ fault: 'late-logs', seconds: 10, from: 'end' });
  const started = await run(ecs, request('works'));
  await pass(95);
  const task = await describe(ecs, started.taskArn);
  assert.equal(task.lastStatus, 'STOPPED');
  await assert.rejects(lines(logs, started), { name: 'ResourceNotFoundException' });
  await pass(10);
  assert.deepEqual(await lines(logs, started), ['one', 'two']);
});

it('tasks: all faults that hit a task hold for it, of two of one kind the first', async () => {
  await faults(
    { fault: 'retirement', after: 5 },
    { fault: 'spot-interruption', after: 1 },
    { fault: 'slow-network', seconds: 30 },
    { fault: 'injected-container', name: 'agent' },
  );
  const { taskArn } = await run(ecs, request('works'));
  await pass(300);
  const task = await describe(ecs, taskArn);
  assert.equal(secondsBetween(task.createdAt, task.connectivityAt), 40);
  assert.equal(secondsBetween(task.startedAt, task.stoppingAt), 5);
  assert.match(task.stoppedReason ?? '', /maintenance/);
  assert.equal(task.containers?.[0]?.name, 'agent');
});

it('control: a task that runs meets its end when it is told to', async () => {
  const first = await run(ecs, request('works'));
  const second = await run(ecs, request('works'));
  await pass(30);
  const told = await emulator.control('POST', 'faults', { task: first.taskArn, fault: 'spot-interruption' });
  assert.equal(told.status, 200, JSON.stringify(told.answer));
  await pass(10);
  assert.equal((await describe(ecs, first.taskArn)).stopCode, 'SpotInterruption');
  assert.equal((await describe(ecs, second.taskArn)).desiredStatus, 'RUNNING');
  for (const [body, message] of [
    [{ task: 'nobody', fault: 'host-lost' }, /no task 'nobody' runs/],
    [{ task: idOf(second), fault: 'unseen' }, /'unseen' does not end a task/],
    [{ task: idOf(second), fault: 'spot' }, /'spot' is no fault of tasks/],
  ] as const) {
    const { status, answer } = await emulator.control('POST', 'faults', body);
    assert.equal(status, 400);
    assert.match((answer as { message: string }).message, message);
  }
});
