import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { s3Service } from '../src/service/aws/s3.ts';
import { batches } from '../src/util/batches.ts';
import { wherry } from './support/cli.ts';
import { type CountingProject, countingAws, countingProject } from './support/counting-project.ts';
import type { EmulatedAws } from './support/emulated-aws.ts';

const SPILL = 's3://wherry-counting/spill';
const KEEPS = ['never', 'on-failure', 'always', '7d'] as const;
type Keep = (typeof KEEPS)[number];
/** The second task fails until the project lets it pass. */
const PIPELINE = `name: counting
nodes:
  - { name: first, command: 'echo first >> "$COUNTS"; echo 1 > "$WHERRY_OUT_X"', outputs: [x] }
  - { name: second, command: 'echo second >> "$COUNTS"; test -e "$GO" && cp "$WHERRY_IN_X" "$WHERRY_OUT_Y"', inputs: [x], outputs: [y] }
`;
let project: CountingProject;
let aws: EmulatedAws;
/** Failed runs, by their `spill.keep`. */
const failed = new Map<Keep, string>();

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
  for (const pair of batches(KEEPS, 2))
    await Promise.all(pair.map(async (keep) => failed.set(keep, await failedRun(keep))));
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
  const runId = await failedRun('always');
  await removeByHand(runId);
  const counts = await project.counts();
  const { status, stderr } = await command('resume', 'always', runId);
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /cannot go on, as what it has spilled is gone from s3:\/\/wherry-counting\/spill:\n {2}'x', which 'first' wrote and 'second' needs\n/,
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
    assert.equal(/1 spilled objects were removed/.test(stderr), isRemoved, stderr);
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
  assert.match(
    stderr,
    /^warning: what this run has spilled is still at s3:\/\/\S+: Amazon S3 \(DeleteObjects\): AccessDenied/m,
  );
  assert.deepEqual(await dataOf(runId), ['data/x']);
});

test('spill.keep: on this machine data is removed likewise', async () => {
  await mkdir(join(project.folder, 'conf', 'local'), { recursive: true });
  await writeFile(
    join(project.folder, 'conf', 'local', 'wherry.yml'),
    `spill: { location: "${SPILL}", keep: on-failure }\n`,
  );
  const ran = await wherry(['run', '-C', project.folder, '--format', 'json']);
  assert.equal(ran.status, 0, ran.stderr);
  const { runId } = JSON.parse(ran.stdout) as { runId: string };
  const folder = join(project.folder, '.wherry', 'spill', 'runs', runId);
  assert.deepEqual(await readdir(join(folder, 'data')), []);
  assert.deepEqual((await readdir(folder)).sort(), ['data', 'run.json', 'tasks']);
});
