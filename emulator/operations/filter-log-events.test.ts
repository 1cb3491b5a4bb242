import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  paginateDescribeLogStreams,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateClusterCommand } from '@aws-sdk/client-ecs';
import { pythonEnv } from '../../test/support/python-env.ts';
import { CLUSTER, clients, LOG_GROUP, runScript } from '../test-clients.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from '../test-emulator.ts';

const state = temporaryFolder();
const image = temporaryFolder({ 'hello.txt': 'hello' });
let emulator: TestEmulator;
let logs: CloudWatchLogsClient;
const streams: string[] = [];

before(async () => {
  const s3Python = await pythonEnv('s3', fileURLToPath(new URL('../s3/requirements.txt', import.meta.url)));
  emulator = await startEmulator({ stateDir: state.path, s3Python, args: ['--image', `image:1=${image.path}`] });
  const { ecs, logs: client } = clients(emulator);
  logs = client;
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  for (const script of ['echo one ERROR; echo two', 'echo three "ERROR: disk full"; echo four']) {
    const task = await runScript(ecs, 'logs', script);
    streams.push(`ecs/main/${task.taskArn?.split('/').at(-1)}`);
  }
});

after(async () => {
  await emulator.end();
  state.remove();
  image.remove();
});

async function filtered(more: object): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateFilterLogEvents({ client: logs }, { logGroupName: LOG_GROUP, ...more }))
    found.push(...(page.events ?? []).map(({ message }) => message ?? ''));
  return found;
}

it('FilterLogEvents: gives the events of all streams by time, page by page', async () => {
  assert.deepEqual(await filtered({}), ['one ERROR', 'two', 'three ERROR: disk full', 'four']);
  assert.deepEqual(await filtered({ limit: 1 }), ['one ERROR', 'two', 'three ERROR: disk full', 'four']);
});

it('FilterLogEvents: takes terms, excluded terms, alternatives, phrases and expressions', async () => {
  assert.deepEqual(await filtered({ filterPattern: 'ERROR' }), ['one ERROR', 'three ERROR: disk full']);
  assert.deepEqual(await filtered({ filterPattern: 'ERROR -disk' }), ['one ERROR']);
  assert.deepEqual(await filtered({ filterPattern: '?two ?four' }), ['two', 'four']);
  assert.deepEqual(await filtered({ filterPattern: '"disk full"' }), ['three ERROR: disk full']);
  assert.deepEqual(await filtered({ filterPattern: '%^(two|four)$%' }), ['two', 'four']);
  await assert.rejects(filtered({ filterPattern: '{ $.a = 1 }' }), { name: 'InvalidParameterException' });
});

it('FilterLogEvents: is limited to streams by name or prefix, which must be there', async () => {
  assert.deepEqual(await filtered({ logStreamNames: streams.slice(0, 1) }), ['one ERROR', 'two']);
  assert.deepEqual(await filtered({ logStreamNamePrefix: streams[1] }), ['three ERROR: disk full', 'four']);
  await assert.rejects(filtered({ logStreamNames: ['none'] }), { name: 'ResourceNotFoundException' });
  await assert.rejects(filtered({ logStreamNames: streams, logStreamNamePrefix: 'e' }), {
    name: 'InvalidParameterException',
  });
});

it('DescribeLogStreams: lists by name or by last event, either way round, page by page', async () => {
  const described = async (more: object) => {
    const names: string[] = [];
    for await (const page of paginateDescribeLogStreams({ client: logs }, { logGroupName: LOG_GROUP, ...more }))
      names.push(...(page.logStreams ?? []).map(({ logStreamName }) => logStreamName ?? ''));
    return names;
  };
  assert.deepEqual(await described({}), streams.toSorted());
  assert.deepEqual(await described({ orderBy: 'LastEventTime', limit: 1 }), streams);
  assert.deepEqual(await described({ orderBy: 'LastEventTime', descending: true }), streams.toReversed());
  assert.deepEqual(await described({ logStreamNamePrefix: streams[0] }), streams.slice(0, 1));
  await assert.rejects(described({ orderBy: 'LastEventTime', logStreamNamePrefix: 'e' }), {
    name: 'InvalidParameterException',
  });
});
