import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  type ContainerDefinition,
  CreateClusterCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { pythonEnv } from '../test/support/python-env.ts';
import { CLUSTER, clients, container, definition, LOG_GROUP, lines, request, run, until } from './test-clients.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from './test-emulator.ts';

const state = temporaryFolder();
const image = temporaryFolder();
let emulator: TestEmulator;
let ecs: ECSClient;
let logs: CloudWatchLogsClient;

before(async () => {
  const s3Python = await pythonEnv('s3', fileURLToPath(new URL('s3/requirements.txt', import.meta.url)));
  const args = ['--image', `image:1=${image.path}`, '--time-scale', '0.002', '--log-rate', '20000'];
  emulator = await startEmulator({ stateDir: state.path, s3Python, args });
  ({ ecs, logs } = clients(emulator));
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
});

after(async () => {
  await emulator.end();
  state.remove();
  image.remove();
});

/** Runs a task of these containers to its end. */
async function ran(family: string, containerDefinitions: ContainerDefinition[]): Promise<Task> {
  await ecs.send(new RegisterTaskDefinitionCommand({ ...definition(family, ''), containerDefinitions }));
  return until(ecs, (await run(ecs, request(family))).taskArn, 'STOPPED');
}

const codesOf = ({ containers = [] }: Task) =>
  Object.fromEntries(containers.map(({ name, exitCode }) => [name, exitCode]));

it('container: one that takes more memory than its limit is killed, and its reason says so', async () => {
  const greedy = 'echo before; head -c 60000000 /dev/zero | tail > /dev/null';
  const task = await ran('greedy', [container('main', greedy, { memory: 32 })]);
  assert.equal(task.containers?.[0]?.reason, 'OutOfMemoryError: Container killed due to memory usage');
  assert.deepEqual([task.stopCode, task.containers?.[0]?.exitCode], ['EssentialContainerExited', 137]);
  assert.deepEqual((await lines(logs, task))[0], 'before');
  const modest = await ran('modest', [container('main', greedy, { memory: 512 })]);
  assert.deepEqual([modest.containers?.[0]?.exitCode, modest.containers?.[0]?.reason], [0, undefined]);
});

it('container: waits until those that it depends on have ended well, ended, started, or are healthy', async () => {
  const other = (name: string, script: string, more: Partial<ContainerDefinition> = {}) =>
    container(name, script, { essential: false, ...more });
  const task = await ran('ordered', [
    container('main', 'exit 0', {
      dependsOn: [
        { containerName: 'migrates', condition: 'SUCCESS' },
        { containerName: 'fails', condition: 'COMPLETE' },
        { containerName: 'proxy', condition: 'HEALTHY' },
      ],
    }),
    other('fails', 'exit 5', { dependsOn: [{ containerName: 'migrates', condition: 'START' }] }),
    other('migrates', 'sleep 0.2'),
    other('proxy', 'sleep 0.3; touch ready; exec sleep 60', {
      healthCheck: { command: ['CMD-SHELL', 'test -e ready'], interval: 5, retries: 10 },
    }),
  ]);
  assert.deepEqual(codesOf(task), { main: 0, fails: 5, migrates: 0, proxy: 143 });
  assert.equal(task.containers?.find(({ name }) => name === 'proxy')?.healthStatus, 'HEALTHY');
});

it('container: one whose dependency did not end well never starts, and the task ends', async () => {
  const task = await ran('refused', [
    container('main', 'exit 0', { dependsOn: [{ containerName: 'migrates', condition: 'SUCCESS' }] }),
    container('migrates', 'exit 5', { essential: false }),
  ]);
  assert.deepEqual([task.stopCode, codesOf(task)], ['TaskFailedToStart', { main: undefined, migrates: 5 }]);
  assert.match(task.containers?.find(({ name }) => name === 'main')?.reason ?? '', /migrates did not become SUCCESS/);
});

it('container: is stopped before those that it depends on', async () => {
  const log = join(image.path, '..', `order-${process.pid}`);
  const waits = (name: string) => `trap 'echo ${name} >> ${log}; exit 0' TERM; while :; do sleep 0.02; done`;
  await ran('stops', [
    container('main', 'sleep 0.3'),
    container('first', waits('first'), {
      essential: false,
      dependsOn: [{ containerName: 'last', condition: 'START' }],
    }),
    container('last', waits('last'), { essential: false }),
  ]);
  assert.equal(readFileSync(log, 'utf8'), 'first\nlast\n');
  rmSync(log);
});

it('container: has the secrets of its definition, by name, ARN and key, and never starts without one', async () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-a1B2c3';
  const values = { 'prod/db': { password: 'p w', port: 5432 }, '/plain': 'text' };
  writeFileSync(join(state.path, 'secrets.yml'), JSON.stringify(values));
  const secrets = [
    { name: 'WHOLE', valueFrom: arn },
    { name: 'PASSWORD', valueFrom: `${arn}:password::` },
    { name: 'PLAIN', valueFrom: 'arn:aws:ssm:eu-central-1:123456789012:parameter/plain' },
  ];
  const prints = 'echo "$WHOLE $PASSWORD $PLAIN"';
  const task = await ran('secrets', [container('main', prints, { secrets })]);
  assert.deepEqual(await lines(logs, task), ['{"password":"p w","port":5432} p w text']);
  const missing = [{ name: 'OTHER', valueFrom: `${arn}:nothing::` }];
  const refused = await ran('no-secret', [container('main', prints, { secrets: missing })]);
  assert.equal(refused.stopCode, 'TaskFailedToStart');
  assert.match(refused.stoppedReason ?? '', /^ResourceInitializationError: unable to pull secrets or registry auth: /);
});

it('container: in blocking mode loses no line to a slow log, and in non-blocking mode what its buffer does not hold', async () => {
  const prints = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "line number $i of all"; done';
  const mode = (options: Record<string, string>) => {
    const logConfiguration = container('main', '').logConfiguration;
    return {
      ...logConfiguration,
      logDriver: 'awslogs' as const,
      options: { ...logConfiguration?.options, ...options },
    };
  };
  const blocking = await ran('blocking', [container('main', prints, { logConfiguration: mode({ mode: 'blocking' }) })]);
  assert.equal((await lines(logs, blocking)).length, 300);
  const lossy = mode({ mode: 'non-blocking', 'max-buffer-size': '1k' });
  const written = await lines(logs, await ran('lossy', [container('main', prints, { logConfiguration: lossy })]));
  assert.equal(written[0], 'line number 1 of all');
  assert.ok(written.length < 200, `${written.length} lines`);
  const large = await ran('large', [container('main', prints, { logConfiguration: mode({}) })]);
  assert.equal((await lines(logs, large)).length, 300);
});
