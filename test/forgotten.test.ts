import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ecsService } from '../src/service/aws/ecs.ts';
import { cuttingProxy } from './crash/cutting-proxy.ts';
import { startWherry, wherry } from './support/cli.ts';
import { type CountingProject, countingAws, countingProject, until } from './support/counting-project.ts';
import type { EmulatedAws } from './support/emulated-aws.ts';
import { type Machine, machine } from './support/machine.ts';
import { s3Ahead } from './support/s3-ahead.ts';

const HOURS_25 = 25 * 3600;
const KILLED = 'kill -9 $PPID';

/** A node that counts itself and waits for the word to go on, and ends in one way the first time, well from then on. */
const waits = (name: string, end: string) =>
  `  - { name: ${name}, command: 'echo ${name} >> "$COUNTS"; while [ ! -e "$GO" ]; do sleep 0.05; done; [ "$(grep -cx ${name} "$COUNTS")" -gt 1 ] || ${end}' }\n`;
const follows = (name: string, before: string) =>
  `  - { name: ${name}, command: 'echo ${name} >> "$COUNTS"', after: [${before}] }\n`;

let aws: EmulatedAws;
let s3: Awaited<ReturnType<typeof s3Ahead>>;
let laptop: Machine;
let ahead = 0;

before(async () => {
  aws = await countingAws(import.meta.dirname);
  s3 = await s3Ahead(aws.env['AWS_ENDPOINT_URL_S3'] ?? '');
  laptop = await machine('laptop');
});

after(async () => {
  s3.close();
  await aws[Symbol.asyncDispose]();
  await laptop[Symbol.asyncDispose]();
});

/** For AWS and for the laptop. */
async function passes(seconds: number): Promise<void> {
  const body = JSON.stringify({ advanceSeconds: seconds });
  const answer = await fetch(`${aws.env['AWS_ENDPOINT_URL_ECS']}/_emulator/time`, { method: 'POST', body });
  assert.equal(answer.status, 200);
  ahead += seconds;
  await laptop.setAhead(ahead * 1000);
  await s3.passes(seconds * 1000);
}

/** The states of the ECS tasks of a run. */
async function ecsTasks(runId: string): Promise<string[]> {
  const ecs = ecsService(aws.account);
  const listed = await ecs.listTasks('counting', runId);
  assert.ok(listed.ok);
  const described =
    listed.value.length > 0 ? await ecs.describeTasks('counting', listed.value) : { ok: true, value: [] };
  ecs.close();
  assert.ok(described.ok && 'value' in described);
  return described.value.map(({ lastStatus }) => lastStatus ?? '');
}

const untilStopped = (runId: string) =>
  until(async () => (await ecsTasks(runId)).every((state) => state === 'STOPPED'), 'all ECS tasks have stopped');

function inProject(project: CountingProject) {
  const words = ['-C', project.folder, '-e', 'fargate'];
  const env = { ...aws.env, AWS_ENDPOINT_URL_S3: s3.url, ...laptop.env };
  const status = async () => {
    const { stdout } = await wherry(['status', ...words, '--format', 'json'], env);
    const { runId, tasks } = JSON.parse(stdout) as { runId: string; tasks: { name: string; state: string }[] };
    return { runId, states: Object.fromEntries(tasks.map(({ name, state }) => [name, state])) };
  };
  return {
    words,
    env,
    status,
    resume: (...more: string[]) => wherry(['resume', ...words, ...more], env),
    start: (own: Record<string, string> = {}) => startWherry(['run', ...words], { ...env, ...own }),
  };
}

test('resume, 25 hours later: what has a done marker is done, what says that it failed runs again, what says nothing is unknown and runs again only when asked', async () => {
  const pipeline = `name: counting\nnodes:\n${waits('well', 'true')}${waits('raises', 'exit 3')}${waits('gone', KILLED)}${follows('after-well', 'well')}${follows('after-gone', 'gone')}`;
  await using project = await countingProject({ pipeline, env: { AWS_ENDPOINT_URL_S3: s3.url } });
  const { start, status, resume, words, env } = inProject(project);
  const { child, ended } = start();
  for (const name of ['well', 'raises', 'gone']) await project.untilBegun(name);
  child.kill('SIGKILL');
  await ended;
  const { runId } = await status();
  await project.go();
  await untilStopped(runId);
  await passes(HOURS_25);
  assert.deepEqual(await ecsTasks(runId), []);

  const first = await resume();
  assert.equal(first.status, 1, first.stderr);
  assert.match(
    first.stderr,
    /task 'gone' may have run: nobody knows how it ended: ECS has forgotten attempt 1, and there is no done marker/,
  );
  assert.match(first.stderr, new RegExp(`wherry resume -C \\S+ ${runId} --rerun-unknown runs it again`));
  assert.deepEqual(await project.counts(), { well: 1, raises: 2, gone: 1, 'after-well': 1 });
  const states = { well: 'succeeded', raises: 'succeeded', 'after-well': 'succeeded' };
  assert.deepEqual((await status()).states, { ...states, gone: 'unknown', 'after-gone': 'skipped' });
  const { stdout } = await wherry(['status', ...words, '--format', 'json'], env);
  const { tasks } = JSON.parse(stdout) as {
    tasks: { name: string; attempts: { exitCode: number; failure?: { reason: string; blame: string } }[] }[];
  };
  const [raised] = tasks.find(({ name }) => name === 'raises')?.attempts ?? [];
  assert.deepEqual([raised?.exitCode, raised?.failure?.reason, raised?.failure?.blame], [1, 'node-raised', 'user']);

  assert.equal((await resume()).status, 1);
  assert.deepEqual(await project.counts(), { well: 1, raises: 2, gone: 1, 'after-well': 1 });
  const last = await resume('--rerun-unknown');
  assert.equal(last.status, 0, last.stderr);
  assert.deepEqual(await project.counts(), { well: 1, raises: 2, gone: 2, 'after-well': 1, 'after-gone': 1 });
});

test('resume, 25 hours later and without a spill: how any task ended is unknown, and none runs again unasked', async () => {
  const pipeline = `name: counting\nnodes:\n${waits('well', 'true')}${follows('after-well', 'well')}`;
  await using project = await countingProject({ pipeline, spill: undefined });
  const { start, status, resume } = inProject(project);
  const { child, ended } = start();
  await project.untilBegun('well');
  child.kill('SIGKILL');
  await ended;
  const { runId } = await status();
  await project.go();
  await untilStopped(runId);
  await passes(HOURS_25);
  const first = await resume();
  assert.equal(first.status, 1, first.stderr);
  assert.match(first.stderr, /task 'well' may have run: .* without a spill location there are no done markers/);
  assert.deepEqual(await project.counts(), { well: 1 });
  const last = await resume('--rerun-unknown');
  assert.equal(last.status, 0, last.stderr);
  assert.deepEqual(await project.counts(), { well: 2, 'after-well': 1 });
});

/** Kills the process between its first RunTask and the answer. */
async function killedBeforeAnswer(project: CountingProject) {
  const own = inProject(project);
  let kill = () => {};
  const proxy = await cuttingProxy(aws.env['AWS_ENDPOINT_URL_ECS'] ?? '', (kind, target) => {
    const isIt = kind === 'response' && target.endsWith('.RunTask');
    if (isIt) kill();
    return !isIt;
  });
  const { child, ended } = own.start({ AWS_ENDPOINT_URL_ECS: proxy.url });
  kill = () => child.kill('SIGKILL');
  await ended;
  proxy.close();
  await project.untilBegun('well');
  return { ...own, ...(await own.status()) };
}

test('resume, 25 hours after a RunTask whose answer never came: a task that still runs is found, one that is forgotten is done by its marker, or unknown', async () => {
  const one = (end: string) => ({ pipeline: `name: counting\nnodes:\n${waits('well', end)}` });
  await using running = await countingProject(one('true'));
  await using done = await countingProject(one('true'));
  await using gone = await countingProject(one(KILLED));
  const begun = [];
  for (const project of [running, done, gone]) begun.push(await killedBeforeAnswer(project));
  for (const project of [done, gone]) await project.go();
  for (const { runId } of begun.slice(1)) await untilStopped(runId);
  await passes(HOURS_25);

  const resumed = begun.map(({ resume }) => resume());
  await resumed[1];
  await running.go();
  const statuses = (await Promise.all(resumed)).map(({ status }) => status);
  assert.deepEqual(statuses, [0, 0, 1]);
  for (const project of [running, done, gone]) assert.deepEqual(await project.counts(), { well: 1 });
  assert.match((await (resumed[2] as Promise<{ stderr: string }>)).stderr, /task 'well' may have run/);
});

test('resume, where the clock was set back meanwhile: what seems to be asked for in the future is not asked for again', async () => {
  const pipeline = `name: counting\nnodes:\n${waits('well', KILLED)}`;
  await using project = await countingProject({ pipeline, env: { AWS_ENDPOINT_URL_S3: s3.url } });
  await laptop.setAhead((ahead + 2 * HOURS_25) * 1000);
  const { runId, resume } = await killedBeforeAnswer(project);
  await project.go();
  await untilStopped(runId);
  await passes(HOURS_25);
  const { status, stderr } = await resume();
  assert.equal(status, 1, stderr);
  assert.match(stderr, /task 'well' may have run/);
  assert.deepEqual(await project.counts(), { well: 1 });
});
