import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { s3Service } from '../src/service/aws/s3.ts';
import { startWherry, wherry } from './support/cli.ts';
import { type CountingProject, countingAws, countingProject, until } from './support/counting-project.ts';
import type { EmulatedAws } from './support/emulated-aws.ts';
import { machine } from './support/machine.ts';
import { otherMachine } from './support/other-machine.ts';

const DAY_MS = 86_400_000;

const SPILL = 's3://wherry-counting/spill';
const KEEPS = ['never', 'on-failure', 'always', '7d'] as const;
type Keep = (typeof KEEPS)[number];
/** The second task fails until the project lets it pass, and then waits while it is told to. */
const PIPELINE = `name: counting
nodes:
  - { name: first, command: 'echo first >> "$COUNTS"; echo 1 > "$WHERRY_OUT_X"', outputs: [x] }
  - { name: second, command: 'echo second >> "$COUNTS"; while [ -e "$GO-wait" ]; do sleep 0.05; done; test -e "$GO" && cp "$WHERRY_IN_X" "$WHERRY_OUT_Y"', inputs: [x], outputs: [y] }
`;
let project: CountingProject;
let aws: EmulatedAws;
/** Failed runs by their `spill.keep`: some are resumed, some stay what they are. */
const failed = new Map<Keep, string>();
const left = new Map<Keep, string>();

before(async () => {
  project = await countingProject({ pipeline: PIPELINE });
  aws = await countingAws(project.folder);
  const settings = await readFile(join(project.folder, 'conf', 'fargate', 'wherry.yml'), 'utf8');
  for (const keep of KEEPS) {
    const folder = join(project.folder, 'conf', keep);
    await mkdir(folder);
    await writeFile(
      join(folder, 'wherry.yml'),
      settings.replace(/^spill: .*$/m, `spill: { location: "${SPILL}", keep: ${keep} }`),
    );
  }
  for (const keep of KEEPS)
    await Promise.all([failed, left].map(async (runs) => runs.set(keep, await failedRun(keep))));
});

after(async () => {
  await aws[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

function command(name: string, keep: Keep, ...words: string[]) {
  return wherry([name, ...words, '-C', project.folder, '-e', keep], aws.env);
}

/** Its id. */
async function failedRun(keep: Keep): Promise<string> {
  const { status, stdout, stderr } = await command('run', keep, '--format', 'json');
  assert.equal(status, 1, stderr);
  return (JSON.parse(stdout) as { runId: string }).runId;
}

/** What is at the spill of a run, below its own prefix. */
async function objectsOf(runId: string): Promise<string[]> {
  const s3 = s3Service(aws.account);
  const prefix = `${SPILL}/runs/${runId}/`;
  const listed = await s3.list(prefix);
  s3.close();
  assert.ok(listed.ok);
  return listed.value.map((url) => url.slice(prefix.length)).filter((key) => !key.startsWith('events/'));
}

async function dataOf(runId: string): Promise<string[]> {
  return (await objectsOf(runId)).filter((key) => key.startsWith('data/'));
}

async function removeByHand(runId: string): Promise<void> {
  const s3 = s3Service(aws.account);
  assert.ok((await s3.remove([`${SPILL}/runs/${runId}/data/x`])).ok);
  s3.close();
}

/** What shall go wrong at the emulator's S3. */
async function setFaults(...requests: object[]): Promise<void> {
  const url = `${aws.env['AWS_ENDPOINT_URL_ECS']}/_emulator/faults`;
  assert.equal((await fetch(url, { method: 'PUT', body: JSON.stringify({ requests }) })).status, 200);
}

test('resume: a run whose spilled data is gone is refused before anything starts, by the names of what is missing', async () => {
  const runId = left.get('always') ?? '';
  await removeByHand(runId);
  const counts = await project.counts();
  const { status, stderr } = await command('resume', 'always', runId);
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /cannot go on, as what it has spilled is gone from s3:\/\/wherry-counting\/spill:\n {2}'x', written by 'first' and needed by 'second'\n/,
  );
  assert.match(stderr, /start a new run with wherry run/);
  assert.deepEqual(await project.counts(), counts);
  const cancelled = await command('cancel', 'always', runId);
  assert.equal(cancelled.status, 0, cancelled.stderr);
});

test('spill.keep: a run that failed can be resumed whatever it says; once it has succeeded, never and on-failure remove its data and leave its records', async () => {
  for (const keep of KEEPS) assert.deepEqual(await dataOf(failed.get(keep) ?? ''), ['data/x'], keep);
  await project.go();
  const before = await project.counts();
  for (const keep of KEEPS) {
    const runId = failed.get(keep) ?? '';
    const records = (await objectsOf(runId)).filter((key) => !key.startsWith('data/'));
    const { status, stderr } = await command('resume', keep, runId);
    assert.equal(status, 0, stderr);
    const isRemoved = keep === 'never' || keep === 'on-failure';
    assert.deepEqual(await dataOf(runId), isRemoved ? [] : ['data/x'], keep);
    assert.equal(/1 spilled object removed/.test(stderr), isRemoved, stderr);
    const left = new Set(await objectsOf(runId));
    assert.deepEqual(
      records.filter((key) => !left.has(key)),
      [],
    );
    assert.match((await command('status', keep, runId)).stdout, /succeeded, __default__/);
    assert.match((await command('resume', keep, runId)).stderr, /there is nothing to resume/);
  }
  const { first = 0, second = 0 } = await project.counts();
  assert.deepEqual({ first, second }, { first: before['first'], second: (before['second'] ?? 0) + 4 });
});

test('spill.keep: data that cannot be removed is a warning, and the run has succeeded', async () => {
  await setFaults({ fault: 'error', operation: 'DeleteObjects', type: 'AccessDenied', message: 'No', status: 403 });
  const { status, stdout, stderr } = await command('run', 'never', '--format', 'json');
  await setFaults();
  assert.equal(status, 0, stderr);
  const { runId } = JSON.parse(stdout) as { runId: string };
  failed.set('never', runId);
  assert.match(
    stderr,
    /^warning: what this run has spilled is still at s3:\/\/\S+: Amazon S3 \(DeleteObjects\): AccessDenied/m,
  );
  assert.deepEqual(await dataOf(runId), ['data/x']);
});

test('spill.keep: nothing is removed of a run whose end other machines cannot see', async () => {
  const wait = join(project.folder, '..', 'go-wait');
  await writeFile(wait, '');
  const begun = (await project.counts())['second'];
  const words = ['-C', project.folder, '-e', 'on-failure', '--format', 'json'];
  const { ended } = startWherry(['run', ...words], aws.env);
  await until(async () => (await project.counts())['second'] !== begun, 'the second task has begun');
  const object = `${SPILL}/runs/*/events/*`;
  await setFaults({ fault: 'error', operation: 'PutObject', object, type: 'AccessDenied', message: 'No', status: 403 });
  await rm(wait);
  const { stdout, stderr } = await ended;
  await setFaults();
  const { runId, state } = JSON.parse(stdout) as { runId: string; state: string };
  assert.equal(state, 'succeeded', stderr);
  assert.match(stderr, /^wherry: Amazon S3 \(PutObject\): AccessDenied/m);
  assert.deepEqual(await dataOf(runId), ['data/x']);
  failed.set('on-failure', runId);
});

async function cleaned(words: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = await wherry(['cleanup', ...words, '--format', 'json'], { ...aws.env, ...env });
  assert.notEqual(stdout, '', stderr);
  const { spilled } = JSON.parse(stdout) as { spilled: { runId: string; keep: string; isRemoved: boolean }[] };
  return { status, stderr, runs: spilled.map(({ runId, keep, isRemoved }) => `${keep} ${runId} ${isRemoved}`).sort() };
}

async function dataOfAll(): Promise<Record<string, number>> {
  const ids = [...failed, ...left].map(([keep, runId]) => [`${keep} ${runId}`, runId] as const);
  return Object.fromEntries(await Promise.all(ids.map(async ([name, runId]) => [name, (await dataOf(runId)).length])));
}

test('cleanup: removes the data that is to be kept no longer, and of no run that may still need it', async () => {
  const here = ['-C', project.folder, '-e', 'never'];
  const before = await dataOfAll();
  const due = [
    `never ${left.get('never')}`,
    `never ${failed.get('never')}`,
    `on-failure ${failed.get('on-failure')}`,
  ].sort();
  const shown = await cleaned(here);
  assert.equal(shown.status, 1);
  assert.match(
    shown.stderr,
    /nothing was changed, as nobody can be asked here: with --yes it would remove 3 spilled objects/,
  );
  assert.deepEqual(
    shown.runs,
    due.map((run) => `${run} false`),
  );
  await setFaults({ fault: 'error', operation: 'DeleteObjects', type: 'AccessDenied', message: 'No', status: 403 });
  const denied = await wherry(['cleanup', ...here, '--yes', left.get('never') ?? ''], aws.env);
  await setFaults();
  assert.equal(denied.status, 3);
  assert.match(denied.stderr, /^wherry: Amazon S3 \(DeleteObjects\): AccessDenied/m);
  assert.deepEqual(await dataOfAll(), before);

  const done = await cleaned([...here, '--yes']);
  assert.deepEqual([done.status, done.runs], [0, due.map((run) => `${run} true`)], done.stderr);
  const after = { ...before, ...Object.fromEntries(due.map((run) => [run, 0])) };
  assert.deepEqual(await dataOfAll(), after);
  assert.deepEqual(await cleaned(here), { status: 0, stderr: `${done.stderr.split('\n')[0]}\n`, runs: [] });
  const refused = await command('resume', 'never', left.get('never') ?? '');
  assert.match(refused.stderr, /cannot go on, as what it has spilled is gone/);
});

test('cleanup: removes data by days, also from another machine, and nothing that has not ended', async () => {
  const local = ['-C', project.folder];
  await mkdir(join(project.folder, 'conf', 'local'), { recursive: true });
  const settings = join(project.folder, 'conf', 'local', 'wherry.yml');
  await writeFile(settings, `spill: { location: "${SPILL}", keep: 7d }\n`);
  const [ended, interrupted] = [await localRun(), await localRun()];
  const events = join(project.folder, '.wherry', 'runs', interrupted, 'events.jsonl');
  await writeFile(events, (await readFile(events, 'utf8')).replace(/.*"run-stopped".*\n$/, ''));
  const before = await dataOfAll();

  await using later = await machine('later');
  await using other = await otherMachine(project.folder);
  const there = ['-C', other.folder, '-e', '7d', '--yes'];
  await later.setAhead(6.9 * DAY_MS);
  assert.deepEqual((await cleaned(there, later.env)).runs, []);
  await later.setAhead(7.1 * DAY_MS);
  const due = [left.get('7d'), failed.get('7d')];
  assert.deepEqual((await cleaned(there, later.env)).runs, due.map((runId) => `7d ${runId} true`).sort());
  const after = { ...before, [`7d ${left.get('7d')}`]: 0, [`7d ${failed.get('7d')}`]: 0 };
  assert.deepEqual(await dataOfAll(), after);
  assert.deepEqual((await cleaned([...local, '--yes'], later.env)).runs, [`7d ${ended} true`]);
  assert.deepEqual(await Promise.all([ended, interrupted].map(localData)), [[], ['x']]);
});

test('spill.keep: on this machine data is removed likewise, and the records stay', async () => {
  const settings = join(project.folder, 'conf', 'local', 'wherry.yml');
  await writeFile(settings, `spill: { location: "${SPILL}", keep: on-failure }\n`);
  const runId = await localRun();
  assert.deepEqual(await localData(runId), []);
  const folder = join(project.folder, '.wherry', 'spill', 'runs', runId);
  assert.deepEqual((await readdir(folder)).sort(), ['data', 'run.json', 'tasks']);
});

/** Its id. */
async function localRun(): Promise<string> {
  const { status, stdout, stderr } = await wherry(['run', '-C', project.folder, '--format', 'json']);
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { runId: string }).runId;
}

function localData(runId: string): Promise<string[]> {
  return readdir(join(project.folder, '.wherry', 'spill', 'runs', runId, 'data'));
}
