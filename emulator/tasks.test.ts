import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { pythonEnv } from '../test/support/python-env.ts';
import {
  CLUSTER,
  clients,
  container,
  definition,
  describe,
  LOG_GROUP,
  lines,
  request,
  run,
  runScript,
  until,
} from './test-clients.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from './test-emulator.ts';

const state = temporaryFolder();
const image = temporaryFolder({ 'hello.txt': 'hello from the image' });
let emulator: TestEmulator;
let ecs: ECSClient;
let logs: CloudWatchLogsClient;

before(async () => {
  const s3Python = await pythonEnv('s3', fileURLToPath(new URL('s3/requirements.txt', import.meta.url)));
  emulator = await startEmulator({
    stateDir: state.path,
    s3Python,
    args: ['--image', `image:1=${image.path}`],
    env: { CALLERS_SECRET: 'never' },
  });
  ({ ecs, logs } = clients(emulator));
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
});

after(async () => {
  await emulator.end();
  state.remove();
  image.remove();
});

it('task: has a timestamp for each part of its life, one after the other', async () => {
  const task = await runScript(ecs, 'states', 'sleep 0.1; exit 3');
  const { createdAt, connectivityAt, pullStartedAt, pullStoppedAt, startedAt, executionStoppedAt, stoppedAt } = task;
  const instants = [createdAt, connectivityAt, pullStartedAt, pullStoppedAt, startedAt, executionStoppedAt, stoppedAt];
  assert.ok(instants.every((instant) => instant instanceof Date));
  assert.deepEqual(
    instants,
    [...instants].sort((a, b) => Number(a) - Number(b)),
  );
});

it('task: an essential container that exits 3 ends it with that exit code and stopCode', async () => {
  const task = await runScript(ecs, 'exits', 'exit 3');
  assert.equal(task.containers?.find(({ name }) => name === 'main')?.exitCode, 3);
  assert.deepEqual(
    [task.stopCode, task.stoppedReason, task.desiredStatus],
    ['EssentialContainerExited', 'Essential container in task exited', 'STOPPED'],
  );
  assert.equal(task.attachments?.[0]?.type, 'ElasticNetworkInterface');
});

it('task: a container killed by signal 9 has exit code 137', async () => {
  const task = await runScript(ecs, 'killed', 'kill -9 $$');
  assert.equal(task.containers?.[0]?.exitCode, 137);
});

it('task: standard output and error become events, without carriage returns and empty lines, the last line kept', async () => {
  const task = await runScript(ecs, 'prints', "printf 'one\\r\\n\\ntwo\\n'; echo three >&2; printf 'four é'");
  const written = await lines(logs, task);
  // Two pipes: which of them is read first, nobody knows.
  assert.deepEqual(
    written.filter((line) => line !== 'three'),
    ['one', 'two', 'four é'],
  );
  assert.ok(written.includes('three'));
});

it('task: runs entryPoint with the override of command behind it and both environments, the override winning', async () => {
  const environment = [
    { name: 'KEPT', value: 'definition' },
    { name: 'REPLACED', value: 'definition' },
  ];
  await ecs.send(new RegisterTaskDefinitionCommand(definition('overrides', 'exit 9', { environment })));
  const override = { command: ['echo $KEPT $REPLACED'], environment: [{ name: 'REPLACED', value: 'override' }] };
  const overrides = { containerOverrides: [{ name: 'main', ...override }], cpu: '512', memory: '1 GB' };
  const { taskArn, cpu, memory } = await run(ecs, request('overrides', { overrides }));
  assert.deepEqual([cpu, memory], ['512', '1024']);
  assert.deepEqual(await lines(logs, await until(ecs, taskArn, 'STOPPED')), ['definition override']);
});

it('task: sees neither what another wrote nor a variable of the caller, and starts from the image', async () => {
  const script = 'cat hello.txt; ls; echo "[$CALLERS_SECRET]"; touch left-behind hello.txt "$HOME/left"; ls -A "$HOME"';
  const first = await runScript(ecs, 'isolated', script);
  const second = await runScript(ecs, 'isolated', script);
  assert.deepEqual(await lines(logs, first), ['hello from the imagehello.txt', '[]', 'left']);
  assert.deepEqual(await lines(logs, second), await lines(logs, first));
});

it('task: has only the variables of the definition and of the platform', async () => {
  const task = await runScript(ecs, 'variables', 'env | cut -d= -f1 | sort');
  const shells = ['OLDPWD', 'PWD', 'SHLVL', '_'];
  assert.deepEqual(
    (await lines(logs, task)).filter((name) => !shells.includes(name)),
    [
      'AWS_DEFAULT_REGION',
      'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
      'AWS_ENDPOINT_URL_ECS',
      'AWS_ENDPOINT_URL_S3',
      'AWS_ENDPOINT_URL_STS',
      'AWS_REGION',
      'ECS_CONTAINER_METADATA_URI_V4',
      'HOME',
      'LANG',
      'PATH',
    ],
  );
});

it('task: with a task role has credentials under its own token, and metadata', async () => {
  const script = [
    'node -e "',
    'const get = (url, headers) => fetch(url, { headers }).then(async (answer) => [answer.status, await answer.json()]);',
    'const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = process.env;',
    'const metadata = process.env.ECS_CONTAINER_METADATA_URI_V4;',
    "(async () => console.log(JSON.stringify([await get(uri, { authorization }), (await get(uri, { authorization: 'another' }))[0], await get(metadata), await get(metadata + '/task')])))()",
    '"',
  ].join('\n');
  const environment = [{ name: 'PATH', value: `${process.execPath.replace(/\/[^/]*$/, '')}:/usr/bin:/bin` }];
  const taskRoleArn = 'arn:aws:iam::123456789012:role/task';
  await ecs.send(new RegisterTaskDefinitionCommand({ ...definition('roles', script, { environment }), taskRoleArn }));
  const { taskArn } = await run(ecs, request('roles'));
  const task = await until(ecs, taskArn, 'STOPPED');
  const [[status, credentials], refused, [, own], [, whole]] = JSON.parse((await lines(logs, task)).join('\n'));
  assert.deepEqual([status, refused, credentials.RoleArn], [200, 403, taskRoleArn]);
  assert.ok(Date.parse(credentials.Expiration) > Date.now());
  assert.deepEqual([own.Name, whole.TaskARN, whole.Family], ['main', taskArn, 'roles']);
});

it('task: StopTask ends it as UserInitiated with the reason, by SIGTERM and then SIGKILL', async () => {
  const script = "trap 'echo term' TERM; echo up; while :; do sleep 0.05; done";
  await ecs.send(new RegisterTaskDefinitionCommand(definition('stubborn', script, { stopTimeout: 1 })));
  const { taskArn } = await run(ecs, request('stubborn'));
  await until(ecs, taskArn, 'RUNNING');
  const { task: answered } = await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: taskArn, reason: 'enough' }));
  assert.equal(answered?.desiredStatus, 'STOPPED');
  const task = await until(ecs, taskArn, 'STOPPED');
  assert.deepEqual([task.stopCode, task.stoppedReason], ['UserInitiated', 'enough']);
  assert.equal(task.containers?.[0]?.exitCode, 137);
  assert.ok((await lines(logs, task)).includes('term'));
});

it('task: stopped before it runs never starts its container', async () => {
  const { taskArn } = await run(ecs, request('stubborn'));
  await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: taskArn }));
  const task = await until(ecs, taskArn, 'STOPPED');
  assert.deepEqual([task.stopCode, task.stoppedReason], ['UserInitiated', 'Task stopped by user']);
  assert.deepEqual([task.containers?.[0]?.lastStatus, task.containers?.[0]?.exitCode], ['STOPPED', undefined]);
});

it('task: ends with its essential container, and what else runs is stopped', async () => {
  const sidecar = container('sidecar', 'exec sleep 60', { essential: false });
  const two = definition('two', 'sleep 0.2; exit 0');
  await ecs.send(
    new RegisterTaskDefinitionCommand({ ...two, containerDefinitions: [sidecar, ...two.containerDefinitions] }),
  );
  const { taskArn } = await run(ecs, request('two'));
  const task = await until(ecs, taskArn, 'STOPPED');
  const codes = Object.fromEntries((task.containers ?? []).map(({ name, exitCode }) => [name, exitCode]));
  assert.deepEqual(codes, { main: 0, sidecar: 143 });
});

it('task: an image that is not mapped ends as CannotPullContainerError', async () => {
  await ecs.send(new RegisterTaskDefinitionCommand(definition('unmapped', 'exit 0', { image: 'nobody/knows:1' })));
  const task = await until(ecs, (await run(ecs, request('unmapped'))).taskArn, 'STOPPED');
  assert.equal(task.stopCode, 'TaskFailedToStart');
  assert.match(task.stoppedReason ?? '', /^CannotPullContainerError: .*nobody\/knows:1.*not found/);
  assert.equal(task.containers?.[0]?.exitCode, undefined);
});

it('task: an image can be mapped while the emulator runs', async () => {
  const mapped = { ref: 'late:1', dir: image.path };
  const url = `${emulator.env.AWS_ENDPOINT_URL_ECS}/_emulator/images`;
  const put = (body: unknown) => fetch(url, { method: 'PUT', body: JSON.stringify(body) });
  assert.equal((await put({ ...mapped, dir: '/not/there' })).status, 400);
  assert.equal((await put(mapped)).status, 200);
  await ecs.send(new RegisterTaskDefinitionCommand(definition('late', 'cat hello.txt', { image: 'late:1' })));
  const task = await until(ecs, (await run(ecs, request('late'))).taskArn, 'STOPPED');
  assert.deepEqual(await lines(logs, task), ['hello from the image']);
});

it('task: a log group that is not there ends it as ResourceInitializationError, unless it may be created', async () => {
  const log = (more: Record<string, string>) => ({
    logConfiguration: {
      logDriver: 'awslogs' as const,
      options: {
        'awslogs-group': '/not/there',
        'awslogs-region': 'eu-central-1',
        'awslogs-stream-prefix': 'ecs',
        ...more,
      },
    },
  });
  await ecs.send(new RegisterTaskDefinitionCommand(definition('no-group', 'exit 0', log({}))));
  const task = await until(ecs, (await run(ecs, request('no-group'))).taskArn, 'STOPPED');
  assert.equal(task.stopCode, 'TaskFailedToStart');
  assert.match(task.stoppedReason ?? '', /^ResourceInitializationError: .*The specified log group does not exist/);
  await ecs.send(
    new RegisterTaskDefinitionCommand(definition('no-group', 'exit 0', log({ 'awslogs-create-group': 'true' }))),
  );
  assert.equal(
    (await until(ecs, (await run(ecs, request('no-group'))).taskArn, 'STOPPED')).containers?.[0]?.exitCode,
    0,
  );
});

it('task: a command that is not there ends it as CannotStartContainerError', async () => {
  await ecs.send(new RegisterTaskDefinitionCommand(definition('no-command', '', { entryPoint: ['no-such-program'] })));
  const task = await until(ecs, (await run(ecs, request('no-command'))).taskArn, 'STOPPED');
  assert.equal(task.stopCode, 'TaskFailedToStart');
  assert.match(task.containers?.[0]?.reason ?? '', /^CannotStartContainerError: .*no-such-program.*not found/);
});

it('DescribeTasks: says MISSING of a task that it does not know, and refuses more than 100', async () => {
  const tasks = ['0'.repeat(32)];
  const { failures } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks }));
  assert.deepEqual(
    failures?.map(({ reason }) => reason),
    ['MISSING'],
  );
  const many = Array.from({ length: 101 }, (_, index) => String(index));
  await assert.rejects(ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: many })), {
    name: 'InvalidParameterException',
  });
});

it('ListTasks: filters by startedBy and desired status, page by page', async () => {
  await ecs.send(new RegisterTaskDefinitionCommand(definition('listed', 'exec sleep 30')));
  const { tasks } = await ecs.send(new RunTaskCommand(request('listed', { startedBy: 'list/1', count: 3 })));
  const arns = tasks?.map(({ taskArn }) => taskArn ?? '').sort();
  const first = await ecs.send(new ListTasksCommand({ cluster: CLUSTER, startedBy: 'list/1', maxResults: 2 }));
  assert.equal(first.taskArns?.length, 2);
  const { nextToken } = first;
  const second = await ecs.send(
    new ListTasksCommand({ cluster: CLUSTER, startedBy: 'list/1', maxResults: 2, nextToken }),
  );
  assert.deepEqual([...(first.taskArns ?? []), ...(second.taskArns ?? [])].sort(), arns);
  assert.equal(second.nextToken, undefined);
  for (const task of arns ?? []) await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task }));
  assert.deepEqual((await ecs.send(new ListTasksCommand({ cluster: CLUSTER, startedBy: 'list/1' }))).taskArns, []);
  const stopped = await ecs.send(
    new ListTasksCommand({ cluster: CLUSTER, family: 'listed', desiredStatus: 'STOPPED' }),
  );
  assert.deepEqual(stopped.taskArns?.sort(), arns);
  await Promise.all((arns ?? []).map((task) => until(ecs, task, 'STOPPED')));
});

it('RunTask: gives its tags, and those of the definition when they are propagated', async () => {
  const tags = [{ key: 'a', value: '1' }];
  await ecs.send(
    new RegisterTaskDefinitionCommand({ ...definition('tagged', 'exit 0'), tags: [{ key: 'b', value: '2' }] }),
  );
  const own = await run(ecs, request('tagged', { tags }));
  assert.deepEqual((await describe(ecs, own.taskArn)).tags, tags);
  const both = await run(ecs, request('tagged', { tags, propagateTags: 'TASK_DEFINITION' }));
  assert.deepEqual((await describe(ecs, both.taskArn)).tags, [{ key: 'b', value: '2' }, ...tags]);
  await Promise.all([own, both].map(({ taskArn }) => until(ecs, taskArn, 'STOPPED')));
});

it('RunTask: a clientToken replays the task, refuses other parameters, and belongs to one cluster', async () => {
  const input = request('exits:1', { clientToken: 'once', startedBy: 'x' });
  const first = await run(ecs, input);
  const live = await run(ecs, input);
  assert.deepEqual([live.taskArn, live.taskDefinitionArn], [first.taskArn, first.taskDefinitionArn]);
  await until(ecs, first.taskArn, 'STOPPED');
  const stopped = await run(ecs, input);
  assert.deepEqual({ ...stopped }, { taskArn: first.taskArn, lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
  await assert.rejects(run(ecs, { ...input, startedBy: 'y' }), {
    name: 'ConflictException',
    resourceIds: [first.taskArn],
  });
  await ecs.send(new CreateClusterCommand({ clusterName: 'other' }));
  assert.notEqual((await run(ecs, { ...input, cluster: 'other' })).taskArn, first.taskArn);
});
