import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateClusterCommand, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { pythonEnv } from '../test/support/python-env.ts';
import { CLUSTER, clients, definition, describe, LOG_GROUP, lines, request, run, until } from './test-clients.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from './test-emulator.ts';

const image = temporaryFolder();
let s3Python: string;
let state: ReturnType<typeof temporaryFolder>;

before(async () => {
  s3Python = await pythonEnv('s3', fileURLToPath(new URL('s3/requirements.txt', import.meta.url)));
});

beforeEach(() => {
  state?.remove();
  state = temporaryFolder();
});

after(() => {
  state.remove();
  image.remove();
});

const started: TestEmulator[] = [];

async function start(env: Record<string, string> = {}, more: readonly string[] = []): Promise<TestEmulator> {
  const args = ['--image', `image:1=${image.path}`, ...more];
  const emulator = await startEmulator({ stateDir: state.path, s3Python, args, env });
  started.push(emulator);
  return emulator;
}

// A test that fails must not leave one behind.
afterEach(() => Promise.all(started.splice(0).map((emulator) => emulator.end())));

/** Starts a task whose container and a child of it run until they are killed; resolves to their pids. */
async function startSleepers(emulator: TestEmulator): Promise<{ taskArn: string; pids: number[] }> {
  const { ecs, logs } = clients(emulator);
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  await ecs.send(new RegisterTaskDefinitionCommand(definition('sleepers', 'sleep 300 & echo $$ $!; wait')));
  const { taskArn } = await run(ecs, request('sleepers'));
  const task = await until(ecs, taskArn, 'RUNNING');
  for (;;) {
    const written = await lines(logs, task).catch(() => []);
    if (written[0]) return { taskArn: taskArn ?? '', pids: written[0].split(' ').map(Number) };
    await sleep(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie waits for its parent, which in a test may be a process that does not collect it.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

it('emulator: its clock is put forward by request and by --advance, past containers that go on, and never goes back', async () => {
  const time = ({ env }: TestEmulator) => `${env.AWS_ENDPOINT_URL_ECS}/_emulator/time`;
  const first = await start({}, ['--advance', '3600']);
  const { taskArn, pids } = await startSleepers(first);
  const body = JSON.stringify({ advanceSeconds: 90_000 });
  const { aheadSeconds } = (await (await fetch(time(first), { method: 'POST', body })).json()) as {
    aheadSeconds: number;
  };
  assert.equal(aheadSeconds, 93_600);
  assert.ok(pids.every(isAlive));
  assert.equal((await describe(clients(first).ecs, taskArn)).lastStatus, 'RUNNING');
  await first.end('SIGKILL');
  const second = await start({}, ['--advance', '400']);
  assert.deepEqual(((await (await fetch(time(second))).json()) as { aheadSeconds: number }).aheadSeconds, 94_000);
  assert.equal((await describe(clients(second).ecs, taskArn)).lastStatus, 'STOPPED');
});

it('emulator: with --exit-with-parent it ends, containers and all, when standard input closes', async () => {
  const emulator = await start();
  const { pids } = await startSleepers(emulator);
  const ended = new Promise((resolve) => emulator.process.once('close', resolve));
  emulator.process.stdin?.end();
  assert.equal(await ended, 0);
  assert.deepEqual(pids.filter(isAlive), []);
});

it('emulator: whoever holds a connection to it keeps it when its standard input closes', async () => {
  const emulator = await start();
  const letGo = new AbortController();
  const held = await fetch(`${emulator.env.AWS_ENDPOINT_URL_ECS}/_emulator/hold`, { signal: letGo.signal });
  assert.equal(held.status, 200);
  let hasEnded = false;
  const ended = new Promise((resolve) => emulator.process.once('close', resolve)).finally(() => {
    hasEnded = true;
  });
  emulator.process.stdin?.end();
  const { taskArn } = await startSleepers(emulator);
  assert.equal((await describe(clients(emulator).ecs, taskArn)).lastStatus, 'RUNNING');
  assert.ok(!hasEnded);
  letGo.abort();
  assert.equal(await ended, 0);
});

it('emulator: a second one on the same state folder says who has it and exits 1', async () => {
  const first = await start();
  const { pid, endpoints } = JSON.parse(readFileSync(join(state.path, 'emulator.json'), 'utf8'));
  assert.equal(endpoints.ecs, first.env.AWS_ENDPOINT_URL_ECS);
  await assert.rejects(start(), (error: Error) => {
    assert.match(error.message, /^exit 1: /);
    assert.ok(error.message.includes(String(pid)) && error.message.includes(state.path));
    return error.message.trim().split('\n').length === 1;
  });
  await first.end();
});

it('emulator: on a port that another program has it says so and exits 1, and leaves nothing behind', async () => {
  const first = await start();
  const port = new URL(first.env.AWS_ENDPOINT_URL_ECS ?? '').port;
  const other = temporaryFolder();
  await assert.rejects(startEmulator({ stateDir: other.path, s3Python, args: ['--port', port] }), {
    message: `exit 1: emulator: another program has port ${port}: give another one with --port\n`,
  });
  assert.deepEqual(
    ['emulator.lock', 'emulator.json'].filter((name) => existsSync(join(other.path, name))),
    [],
  );
  other.remove();
});

it('emulator: exports endpoints, and dummy credentials and region only when there are none', async () => {
  const bare = await start();
  assert.deepEqual(Object.keys(bare.env), [
    'WHERRY_EMULATOR_PID',
    'AWS_ENDPOINT_URL_ECS',
    'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
    'AWS_ENDPOINT_URL_STS',
    'AWS_ENDPOINT_URL_S3',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
  ]);
  await bare.end();
  const region = 'us-west-2';
  const mine = { AWS_ACCESS_KEY_ID: 'mine', AWS_SECRET_ACCESS_KEY: 'mine' };
  const set = await start({ ...mine, AWS_REGION: region, AWS_DEFAULT_REGION: region });
  assert.equal(Object.keys(set.env).length, 5);
  await set.end();
});

it('emulator: writes what it and its S3 server cost to $WHERRY_CPU_LOG', async () => {
  const log = join(state.path, 'cpu.jsonl');
  await (await start({ WHERRY_CPU_LOG: log })).end();
  const entries = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(entries.map((entry) => entry.process).sort(), ['emulator', 's3']);
  assert.ok(entries.every((entry) => entry.cpuSeconds > 0));
});

it('emulator: says in one line what is wrong with its arguments or its Python', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const attempt = (args: string[]) =>
    new Promise<string>((resolve) =>
      execFile(process.execPath, ['--import', 'tsx', main, '--state-dir', state.path, ...args], (error, out, err) =>
        resolve(`${error?.code} ${out}${err}`),
      ),
    );
  assert.match(await attempt(['--port', 'x']), /^2 emulator: --port 'x' is no port\n$/);
  const faults = join(image.path, 'faults.yml');
  assert.match(await attempt(['--faults', faults]), /^2 emulator: --faults: there is no file '.*faults[.]yml'\n$/);
  writeFileSync(faults, 'seed: x\nrequest: []\n');
  assert.deepEqual((await attempt(['--faults', faults])).split('\n'), [
    `2 emulator: ${faults}:1:7: seed: expected number, received string`,
    `emulator: ${faults}:1:1: there is no 'request' here: known are seed, rates, quota, requests, tasks`,
    '',
  ]);
  assert.match(await attempt(['--advance=-5']), /^2 emulator: --advance '-5' is no number of seconds from 0 to /);
  assert.match(
    await attempt(['--image', 'a=/not/there']),
    /^2 emulator: the folder '\/not\/there' .* does not exist\n$/,
  );
  assert.match(
    await attempt(['--s3-python', '/bin/false']),
    /^1 emulator: the S3 server does not start with \/bin\/false: .*\n$/,
  );
});
