import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  ListServicesCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { pythonEnv } from '../../test/support/python-env.ts';
import { CLUSTER, clients, container, definition, LOG_GROUP, request } from '../test-clients.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from '../test-emulator.ts';

const state = temporaryFolder();
let emulator: TestEmulator;
let ecs: ECSClient;
let logs: CloudWatchLogsClient;

before(async () => {
  const s3Python = await pythonEnv('s3', fileURLToPath(new URL('../s3/requirements.txt', import.meta.url)));
  emulator = await startEmulator({ stateDir: state.path, s3Python });
  ({ ecs, logs } = clients(emulator));
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await ecs.send(new RegisterTaskDefinitionCommand(definition('known', 'exit 0')));
});

after(async () => {
  await emulator.end();
  state.remove();
});

describe('RegisterTaskDefinition refuses', () => {
  const good = definition('refused', 'exit 0');
  const main = good.containerDefinitions[0] ?? {};
  const refused: Record<string, [object, RegExp]> = {
    'a family with a space': [{ family: 'a b' }, /^Family contains invalid characters/],
    'a pair that Fargate does not have': [{ memory: '8192' }, /^No Fargate configuration exists for given values/],
    'a network mode other than awsvpc': [{ networkMode: 'bridge' }, /^Fargate only supports network mode/],
    'a task without cpu': [{ cpu: undefined }, /'cpu' be defined at the task level/],
    'awslogs without an execution role': [
      { executionRoleArn: undefined },
      /execution role ARN to support log driver awslogs/,
    ],
    'no container': [{ containerDefinitions: [] }, /^Container list cannot be empty/],
    'more than ten containers': [
      { containerDefinitions: Array.from({ length: 11 }, (_, index) => container(`c${index}`, '')) },
      /^Too many containers/,
    ],
    'a container larger than the task': [
      { containerDefinitions: [{ ...main, memory: 1024 }] },
      /greater than for the task/,
    ],
    'containers that are larger together': [
      { containerDefinitions: [{ ...main, memory: 300 }, container('b', '', { memory: 300 })] },
      /^The sum of the 'memory' settings/,
    ],
  };
  for (const [what, [more, message]] of Object.entries(refused)) {
    it(`RegisterTaskDefinition: ${what}`, async () => {
      const command = new RegisterTaskDefinitionCommand({ ...good, ...more });
      await assert.rejects(ecs.send(command), { name: 'ClientException', message });
    });
  }
});

describe('RunTask refuses', () => {
  const vpc = (more: object) => ({ networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], ...more } } });
  const override = (more: object) => ({ overrides: { containerOverrides: [{ name: 'main', ...more }] } });
  const refused: Record<string, [Partial<RunTaskCommandInput>, string, RegExp]> = {
    'a cluster that does not exist': [{ cluster: 'nowhere' }, 'ClusterNotFoundException', /^Cluster not found/],
    'a definition that does not exist': [
      { taskDefinition: 'nothing' },
      'InvalidParameterException',
      /^TaskDefinition not found/,
    ],
    'no network configuration': [
      { networkConfiguration: undefined },
      'InvalidParameterException',
      /^Network Configuration must be provided/,
    ],
    'no subnet': [vpc({ subnets: [] }), 'InvalidParameterException', /^subnets can not be empty/],
    '17 subnets': [
      vpc({ subnets: Array(17).fill('subnet-1') }),
      'InvalidParameterException',
      /^subnets can have at most 16/,
    ],
    '6 security groups': [
      vpc({ securityGroups: Array(6).fill('sg-1') }),
      'InvalidParameterException',
      /at most 5 items/,
    ],
    'overrides above 8192 characters': [
      override({ command: ['x'.repeat(8192)] }),
      'InvalidParameterException',
      /^Container Overrides length must be at most 8192/,
    ],
    'an override for an unknown container': [
      override({ name: 'sidecar' }),
      'InvalidParameterException',
      /^Override for container named sidecar is not a container in the TaskDefinition/,
    ],
    'an overridden pair that Fargate does not have': [
      { overrides: { cpu: '256', memory: '4096' } },
      'ClientException',
      /^No Fargate configuration exists/,
    ],
    'a container larger than the task': [
      override({ memory: 513 }),
      'InvalidParameterException',
      /greater than for task/,
    ],
    'a launch type beside a strategy': [
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] },
      'InvalidParameterException',
      /both a launch type and capacity provider strategy/,
    ],
    'Spot on a cluster without it': [
      { launchType: undefined, capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] },
      'InvalidParameterException',
      /not associated with the cluster/,
    ],
    'EC2, of which there is none': [
      { launchType: 'EC2' },
      'InvalidParameterException',
      /^No Container Instances were found/,
    ],
    '11 tasks': [{ count: 11 }, 'InvalidParameterException', /count/],
  };
  for (const [what, [more, name, message]] of Object.entries(refused)) {
    it(`RunTask: ${what}`, async () => {
      await assert.rejects(ecs.send(new RunTaskCommand({ ...request('known'), ...more })), { name, message });
    });
  }

  it('RunTask: overrides of just 8192 characters are accepted', async () => {
    const overrides = override({ command: [''] }).overrides;
    const command = ['x'.repeat(8192 - JSON.stringify(overrides).length)];
    await ecs.send(new RunTaskCommand(request('known', override({ command }))));
  });
});

it('RegisterTaskDefinition: keeps unknown fields, adds the read-only ones and ECS defaults, and writes sizes as integers', async () => {
  const body = { ...definition('verbatim', 'exit 0'), cpu: '1 vCPU', memory: '2 GB', newField: { from: 'the future' } };
  const answer = await fetch(emulator.env.AWS_ENDPOINT_URL_ECS ?? '', {
    method: 'POST',
    headers: { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition' },
    body: JSON.stringify(body),
  });
  assert.ok(answer.headers.get('x-amzn-requestid'));
  const { taskDefinition } = (await answer.json()) as { taskDefinition: Record<string, unknown> };
  const { newField, cpu, memory, revision, status, compatibilities } = taskDefinition;
  assert.deepEqual([newField, cpu, memory, revision, status], [{ from: 'the future' }, '1024', '2048', 1, 'ACTIVE']);
  assert.deepEqual(compatibilities, ['EC2', 'FARGATE']);
  const [first] = taskDefinition.containerDefinitions as Record<string, unknown>[];
  assert.deepEqual([first?.essential, first?.environment, first?.mountPoints], [true, [], []]);
});

it('DescribeTaskDefinition: finds by family, revision and ARN, with tags when they are asked for', async () => {
  const tags = [{ key: 'k', value: 'v' }];
  await ecs.send(new RegisterTaskDefinitionCommand({ ...definition('found', 'exit 1'), tags }));
  await ecs.send(new RegisterTaskDefinitionCommand(definition('found', 'exit 2')));
  const find = async (taskDefinition: string, include: 'TAGS'[] = []) =>
    ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include }));
  assert.equal((await find('found')).taskDefinition?.revision, 2);
  const first = await find('found:1', ['TAGS']);
  assert.deepEqual([first.taskDefinition?.revision, first.tags], [1, tags]);
  assert.equal((await find(first.taskDefinition?.taskDefinitionArn ?? '')).taskDefinition?.revision, 1);
  await assert.rejects(find('found:3'), { name: 'ClientException', message: 'Unable to describe task definition.' });
});

it('ListTaskDefinitions: lists one family whole, both ways round, page by page', async () => {
  for (let count = 0; count < 3; count += 1)
    await ecs.send(new RegisterTaskDefinitionCommand(definition('listed', '')));
  await ecs.send(new RegisterTaskDefinitionCommand(definition('listed-too', '')));
  const list = async (more: object) => ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'listed', ...more }));
  const names = (arns: string[] | undefined) => arns?.map((arn) => arn.replace(/^.*\//, ''));
  const first = await list({ maxResults: 2 });
  assert.deepEqual(names(first.taskDefinitionArns), ['listed:1', 'listed:2']);
  assert.deepEqual(names((await list({ nextToken: first.nextToken })).taskDefinitionArns), ['listed:3']);
  assert.deepEqual(names((await list({ sort: 'DESC' })).taskDefinitionArns), ['listed:3', 'listed:2', 'listed:1']);
  assert.deepEqual((await list({ status: 'INACTIVE' })).taskDefinitionArns, []);
  await assert.rejects(list({ nextToken: 'nonsense' }), { name: 'InvalidParameterException' });
});

it('DescribeClusters: says MISSING of a cluster that does not exist', async () => {
  const { clusters, failures } = await ecs.send(new DescribeClustersCommand({ clusters: [CLUSTER, 'nowhere'] }));
  assert.deepEqual(
    clusters?.map(({ clusterName, status }) => [clusterName, status]),
    [[CLUSTER, 'ACTIVE']],
  );
  assert.deepEqual(
    failures?.map(({ reason }) => reason),
    ['MISSING'],
  );
});

it('StopTask: refuses a task that does not exist', async () => {
  const command = new StopTaskCommand({ cluster: CLUSTER, task: '0'.repeat(32) });
  await assert.rejects(ecs.send(command), {
    name: 'InvalidParameterException',
    message: 'The referenced task was not found.',
  });
});

it('CreateLogGroup: refuses one that exists, and DescribeLogGroups lists by prefix', async () => {
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  await assert.rejects(logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP })), {
    name: 'ResourceAlreadyExistsException',
  });
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/ecs' }));
  assert.deepEqual(
    logGroups?.map(({ logGroupName }) => logGroupName),
    [LOG_GROUP],
  );
});

it('GetLogEvents: says which of group and stream does not exist', async () => {
  const get = (logGroupName: string) => logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'none' }));
  await assert.rejects(get('/none'), {
    name: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  });
  await assert.rejects(get(LOG_GROUP), {
    name: 'ResourceNotFoundException',
    message: 'The specified log stream does not exist.',
  });
});

it('server: an operation that it does not do is an error that names it', async () => {
  await assert.rejects(ecs.send(new ListServicesCommand({ cluster: CLUSTER })), {
    name: 'UnknownOperationException',
    message: /ListServices/,
  });
});

it('server: a page that calls it by another name than the loopback ones is refused', async () => {
  const url = new URL(emulator.env.AWS_ENDPOINT_URL_ECS ?? '');
  const { request: ask } = await import('node:http');
  const status = await new Promise((resolve) =>
    ask({ port: url.port, host: '127.0.0.1', headers: { host: 'evil.example' } }, (answer) =>
      resolve(answer.statusCode),
    ).end(),
  );
  assert.equal(status, 403);
});

it('STS: GetCallerIdentity answers the account of the other services', async () => {
  const body = new URLSearchParams({ Action: 'GetCallerIdentity', Version: '2011-06-15' });
  const answer = await fetch(emulator.env.AWS_ENDPOINT_URL_STS ?? '', { method: 'POST', body });
  assert.match(await answer.text(), /<Account>123456789012<\/Account>/);
});
