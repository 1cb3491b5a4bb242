import assert from 'node:assert/strict';
import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { realHost } from '../src/cli/host.ts';
import { main } from '../src/cli/main.ts';
import { ecsService } from '../src/service/aws/ecs.ts';
import { s3Service } from '../src/service/aws/s3.ts';
import { RunLock, takeRunLock } from '../src/store/run-lock.ts';
import { versionedFile } from '../src/store/versioned-file.ts';
import { startWherry, tinyProject, wherry } from './support/cli.ts';
import { type CountingProject, countingAws, countingProject, until } from './support/counting-project.ts';
import type { EmulatedAws } from './support/emulated-aws.ts';
import { otherMachine } from './support/other-machine.ts';

interface Cleaned {
  readonly runs: readonly {
    readonly runId: string;
    readonly state: string;
    readonly isOrphan: boolean;
    readonly isStopped: boolean;
  }[];
}

interface Begun {
  readonly runId: string;
  readonly kill: () => Promise<unknown>;
  readonly ended: Promise<unknown>;
}

const CLUSTER = 'counting';
const DAG_RUN = 'manual--2026-11-25T00-00-00-0123abcd';
const RUN_ID = 'wherry:run-id';
let project: CountingProject;
let aws: EmulatedAws;
let here: string[];
let orphan: Begun;
let elsewhere: Begun;
let interrupted: Begun;
let living: Begun;

before(async () => {
  project = await countingProject({ spill: '{ location: "s3://wherry-counting/spill", keep: never }' });
  aws = await countingAws(project.folder);
  here = ['-C', project.folder, '-e', 'fargate'];
  orphan = await begin();
  elsewhere = await begin();
  interrupted = await begin();
  for (const run of [orphan, elsewhere, interrupted]) await run.kill();
  living = await begin();
  await record(orphan.runId, RUN_STOPPED);
  await endInMirror(elsewhere.runId);
  await runTask({ startedBy: 'airflow', tags: [{ key: RUN_ID, value: DAG_RUN }] });
  // Somebody else's, whatever they say.
  await runTask({ startedBy: orphan.runId });
  await runTask({ tags: [{ key: RUN_ID, value: `../runs/${orphan.runId}` }] });
});

after(async () => {
  await project.go();
  await living.ended;
  await aws[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

/** The end of a run whose process was killed when it had just written it, with a task that was not known to be running. */
const RUN_STOPPED = { event: 'run-stopped', state: 'failed' };

const line = (event: object) => `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`;

function record(runId: string, event: object): Promise<void> {
  return appendFile(join(project.folder, '.wherry', 'runs', runId, 'events.jsonl'), line(event));
}

/** Starts a run and waits until its second task runs, which ends when the project lets it. */
async function begin(): Promise<Begun> {
  const begun = (await project.counts())['middle'] ?? 0;
  const { child, ended } = startWherry(['run', ...here], aws.env);
  await until(async () => ((await project.counts())['middle'] ?? 0) > begun, 'middle has begun');
  const { runs } = JSON.parse((await wherry(['runs', ...here, '--format', 'json'])).stdout) as Cleaned;
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  return { runId: runs[0]?.runId ?? '', kill, ended };
}

/** As another machine leaves it that has taken the run up. */
async function endInMirror(runId: string): Promise<void> {
  const s3 = s3Service(aws.account);
  const events = `s3://wherry-counting/spill/runs/${runId}/events/`;
  const parts = await s3.list(events);
  assert.ok(parts.ok);
  const texts = await Promise.all(parts.value.map((url) => s3.get(url)));
  const all = texts.map((text) => (text.ok ? text.value : '')).join('');
  assert.ok((await s3.put(`${events}000009-000000.jsonl`, all + line(RUN_STOPPED))).ok);
  s3.close();
}

/** How many objects of data a run has at its spill. */
async function dataOf({ runId }: Begun): Promise<number> {
  const s3 = s3Service(aws.account);
  const listed = await s3.list(`s3://wherry-counting/spill/runs/${runId}/data/`);
  s3.close();
  assert.ok(listed.ok);
  return listed.value.length;
}

/** Starts a task as somebody else would. */
async function runTask(more: object): Promise<void> {
  const ecs = ecsService(aws.account);
  const started = await ecs.runTask({
    cluster: CLUSTER,
    taskDefinition: 'wherry-counting',
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0123456789abcdef0'] } },
    overrides: { containerOverrides: [{ name: 'main', command: ['sleep', '600'] }] },
    ...more,
  });
  ecs.close();
  assert.ok(started.ok && started.value.task, JSON.stringify(started));
}

/** The lock of a run, as a process takes it that goes on with it. */
async function takeUp(runId: string): Promise<unknown> {
  const place = versionedFile(join(project.folder, '.wherry', 'runs', runId, 'lock'));
  const { self, isAlive } = realHost();
  const taken = await takeRunLock(place, { self, isAlive, token: 'test', beatMs: 1000 });
  return taken.ok ? taken.value : taken.error;
}

/** What every task that runs says of its run, by ECS. */
async function running(): Promise<string[]> {
  const ecs = ecsService(aws.account);
  const listed = await ecs.listRunningTasks(CLUSTER);
  const described = listed.ok ? await ecs.describeTaggedTasks(CLUSTER, listed.value) : listed;
  ecs.close();
  assert.ok(described.ok);
  return described.value.map(({ tags }) => tags?.find(({ key }) => key === RUN_ID)?.value ?? '').sort();
}

function cleanup(...words: string[]) {
  return wherry(['cleanup', ...here, ...words], aws.env);
}

async function cleaned(words: readonly string[]): Promise<{ status: number | null; runs: unknown[] }> {
  const { status, stdout, stderr } = await wherry(['cleanup', ...words, '--format', 'json'], aws.env);
  assert.notEqual(stdout, '', stderr);
  const { runs } = JSON.parse(stdout) as Cleaned;
  return { status, runs: runs.map((run) => [run.runId, run.state, run.isOrphan, run.isStopped]).sort() };
}

/** Types an answer on a terminal, after what happens while the question stands there. */
async function answered(word: string, meanwhile = async () => {}): Promise<number> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk;
  });
  const typed = until(async () => shown.includes('yes or no'), 'the question')
    .then(meanwhile)
    .then(() => input.write(`${word}\r`));
  const env = { ...process.env, ...aws.env };
  const [status] = await Promise.all([
    main(['cleanup', ...here], { ...realHost(), env, out: () => {}, err: () => {}, terminal: { input, output } }),
    typed,
  ]);
  return status;
}

test('cleanup: where nobody can be asked it shows what it would do and what it leaves alone, and changes nothing', async () => {
  const before = await running();
  const { status, stdout, stderr } = await cleanup();
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^account 123456789012 as .* cluster counting$/m);
  assert.match(
    stderr,
    /nothing was changed, as nobody can be asked here: with --yes it would stop 2 tasks and remove 2 spilled objects/,
  );
  for (const { runId } of [orphan, elsewhere])
    assert.match(stdout, new RegExp(`${runId} +failed +middle on counting .*to be stopped`));
  assert.match(stdout, new RegExp(`left alone: wherry resume ${interrupted.runId} goes on with it`));
  assert.match(stdout, new RegExp(`left alone: wherry cancel ${living.runId} stops it`));
  assert.match(stdout, new RegExp(`no records of it here .started by airflow.; wherry cleanup ${DAG_RUN} stops it`));
  assert.deepEqual(await running(), before);
  assert.equal(before.length, 7);
});

test('cleanup: a machine without records of its own stops what the mirror says is over, and nothing else', async () => {
  await using other = await otherMachine(project.folder);
  const before = await running();
  const done = await cleaned(['-C', other.folder, '-e', 'fargate', '--yes']);
  assert.deepEqual(done, {
    status: 0,
    runs: [
      [orphan.runId, 'interrupted', false, false],
      [elsewhere.runId, 'failed', true, true],
      [interrupted.runId, 'interrupted', false, false],
      [living.runId, 'running', false, false],
      [DAG_RUN, 'unknown', false, false],
    ].sort(),
  });
  assert.deepEqual(
    await running(),
    before.filter((runId) => runId !== elsewhere.runId),
  );
  assert.deepEqual(await readdir(join(other.folder)), ['conf']);
});

test('cleanup: on a terminal it asks, and stops what runs of runs that are over; what lives, is interrupted or is not of Wherry stays', async () => {
  const before = await running();
  assert.equal(await answered('no'), 1);
  let lock: unknown;
  const taken = await answered('yes', async () => {
    lock = await takeUp(orphan.runId);
  });
  assert.equal(taken, 0);
  assert.deepEqual(await running(), before, 'somebody goes on with the run');
  assert.ok(lock instanceof RunLock);
  await lock.release();
  const resumed = await answered('yes', () => record(orphan.runId, { event: 'run-resumed', again: [] }));
  assert.equal(resumed, 0);
  assert.deepEqual(await running(), before, 'it can be taken up again');
  await record(orphan.runId, RUN_STOPPED);
  assert.equal(await answered('yes'), 0);
  assert.deepEqual(
    await running(),
    before.filter((runId) => runId !== orphan.runId),
  );
  const again = await cleanup();
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(await Promise.all([orphan, elsewhere, interrupted, living].map(dataOf)), [0, 0, 1, 1]);
});

test('cleanup RUN: stops a run that nobody has records of, and still nothing that lives or can be taken up', async () => {
  const before = await running();
  for (const [{ runId }, state] of [
    [interrupted, 'interrupted'],
    [living, 'running'],
  ] as const)
    assert.deepEqual(await cleaned([...here, runId, '--yes']), { status: 0, runs: [[runId, state, false, false]] });
  assert.deepEqual(await running(), before);
  const named = await cleanup(DAG_RUN.slice(0, 20), '--yes');
  assert.equal(named.status, 0, named.stderr);
  assert.match(named.stdout, /unknown.*to be stopped[\s\S]*1 task stopped/);
  assert.deepEqual(
    await running(),
    before.filter((runId) => runId !== DAG_RUN),
  );
  const nobodys = await cleanup('2020');
  assert.equal(nobodys.status, 2);
  assert.match(nobodys.stderr, /there is no run '2020' here/);
});

test('cleanup: without the right to list tasks it says so once, with status 3', async () => {
  const message = 'User: arn:aws:iam::123456789012:user/x is not authorized to perform: ecs:ListTasks';
  const faults = { requests: [{ fault: 'error', operation: 'ListTasks', type: 'AccessDeniedException', message }] };
  const url = `${aws.env['AWS_ENDPOINT_URL_ECS']}/_emulator/faults`;
  assert.equal((await fetch(url, { method: 'PUT', body: JSON.stringify(faults) })).status, 200);
  const { status, stdout, stderr } = await cleanup('--yes');
  await fetch(url, { method: 'PUT', body: '{}' });
  assert.deepEqual([status, stdout], [3, '']);
  assert.match(
    stderr,
    /^wherry: Amazon ECS \(ListTasks\): AccessDeniedException: .*not authorized.*\n {2}what to do: /m,
  );
  assert.equal(stderr.match(/AccessDenied/g)?.length, 1);
});

test('cleanup: earlier runs of a cluster that is gone, or of another account, are in the way of nothing', async () => {
  const runs = join(project.folder, '.wherry', 'runs');
  const launched = await readFile(join(runs, interrupted.runId, 'launch.json'), 'utf8');
  const earlier = [
    launched.replaceAll('"cluster":"counting"', '"cluster":"gone"'),
    launched
      .replace('"accountId":"123456789012"', '"accountId":"210987654321"')
      .replace(/"region":"[^"]*"/g, '"region":"xx"'),
  ];
  for (const [index, launch] of earlier.entries()) {
    const folder = join(runs, `20200101T000000-00000${index}`);
    await cp(join(runs, interrupted.runId), folder, { recursive: true });
    await writeFile(join(folder, 'launch.json'), launch);
  }
  const { status, stdout, stderr } = await cleanup();
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^runs in other accounts are not looked at: 210987654321$/m);
  assert.match(stdout, new RegExp(interrupted.runId));
  for (const index of earlier.keys()) await rm(join(runs, `20200101T000000-00000${index}`), { recursive: true });
});

test('cleanup: a project whose settings and runs name no cluster asks nothing of AWS', async () => {
  await using local = await tinyProject();
  const { status, stdout, stderr } = await wherry(['cleanup', '-C', local.folder], { AWS_PROFILE: 'nowhere' });
  assert.deepEqual([status, stdout, stderr], [0, 'nothing is left behind\n', '']);
});
