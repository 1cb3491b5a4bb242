import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Ended, startWherry, wherry } from './support/cli.ts';
import { type CountingProject, countingAws, countingProject, until } from './support/counting-project.ts';
import type { EmulatedAws } from './support/emulated-aws.ts';
import { type Machine, machine } from './support/machine.ts';
import { s3Ahead } from './support/s3-ahead.ts';

const MINUTE_MS = 61_000;

let aws: EmulatedAws;
let s3: Awaited<ReturnType<typeof s3Ahead>>;

before(async () => {
  aws = await countingAws(import.meta.dirname);
  s3 = await s3Ahead(aws.env['AWS_ENDPOINT_URL_S3'] ?? '');
});

after(async () => {
  s3.close();
  await aws[Symbol.asyncDispose]();
});

const envOf = ({ env }: Machine) => ({ ...aws.env, AWS_ENDPOINT_URL_S3: s3.url, ...env });

/** The run is begun on its machine, and its second task waits. */
async function begin(project: CountingProject, owner: Machine) {
  const words = ['-C', project.folder, '-e', 'fargate'];
  const { child, ended } = startWherry(['run', ...words], envOf(owner));
  await project.untilBegun('middle');
  const { stdout } = await wherry(['status', ...words, '--format', 'json'], envOf(owner));
  const { runId } = JSON.parse(stdout) as { runId: string };
  return { child, ended, words, runId, events: join(project.folder, '.wherry', 'runs', runId, 'events.jsonl') };
}

/** From an empty folder of a machine that shares nothing but the bucket. */
async function startResumeOn(on: Machine, runId: string) {
  const folder = join(on.env['HOME'] ?? '', 'empty');
  await mkdir(folder, { recursive: true });
  return startWherry(['resume', runId, '-C', folder, '--spill', 's3://wherry-counting/spill'], envOf(on));
}

const resumeOn = async (on: Machine, runId: string): Promise<Ended> => (await startResumeOn(on, runId)).ended;

test('resume, on another machine: refused for a minute after the driver was heard of last; then of two at once one takes the run over, and no task runs twice', async () => {
  await using project = await countingProject();
  await using laptop = await machine('laptop');
  await using desk = await machine('desk');
  await using server = await machine('server');
  const { child, ended, runId } = await begin(project, laptop);
  child.kill('SIGKILL');
  await ended;
  const early = await resumeOn(desk, runId);
  assert.equal(early.status, 2, early.stderr);
  assert.match(
    early.stderr,
    new RegExp(`is under way already: process ${child.pid} on laptop drives it .*60 s after it was last heard of`),
  );
  await s3.passes(MINUTE_MS);
  const resumed = [resumeOn(desk, runId), resumeOn(server, runId)];
  const loser = await Promise.race(resumed);
  assert.equal(loser.status, 2, loser.stderr);
  assert.match(loser.stderr, /is under way already: process \d+ on (desk|server) drives it/);
  await project.go();
  const ends = await Promise.all(resumed);
  assert.deepEqual(ends.map(({ status }) => status).sort(), [0, 2], ends.map(({ stderr }) => stderr).join('\n'));
  assert.deepEqual(await project.counts(), { first: 1, middle: 1, last: 1 });
});

test('resume, back on the machine where the run was begun: logs of what another has driven meanwhile are complete there too', async () => {
  const pipeline = `name: counting
nodes:
  - { name: first, command: 'echo first >> "$COUNTS"' }
  - { name: middle, command: 'echo middle >> "$COUNTS"; echo waiting; while [ ! -e "$GO" ]; do sleep 0.05; done; echo goes on', after: [first] }
  - { name: pause, command: 'echo pause >> "$COUNTS"; while [ ! -e "$GO-on" ]; do sleep 0.05; done', after: [middle] }
  - { name: last, command: 'echo last >> "$COUNTS"; sleep 4; echo ends', after: [pause] }
`;
  await using project = await countingProject({ pipeline });
  await using laptop = await machine('laptop');
  await using desk = await machine('desk');
  const { child, ended, runId, words } = await begin(project, laptop);
  const logOf = async (task: string) => (await wherry(['logs', ...words, runId, task], envOf(laptop))).stdout;
  await until(async () => (await logOf('middle')) === 'waiting\n', 'the first line is kept');
  child.kill('SIGKILL');
  await ended;
  await s3.passes(MINUTE_MS);
  const elsewhere = await startResumeOn(desk, runId);
  await project.go();
  await project.untilBegun('pause');
  // The log of the task that has ended is long read when its process dies.
  await desk.setAhead(2 * MINUTE_MS);
  await writeFile(join(project.folder, '..', 'go-on'), '');
  const status = async () => (await wherry(['status', ...words], envOf(laptop))).stdout;
  await until(
    async () => /^last +1 +(pending|running|succeeded)/m.test(await status()),
    'the mirror has the last task',
  );
  elsewhere.child.kill('SIGKILL');
  await elsewhere.ended;
  await s3.passes(MINUTE_MS);
  const back = await wherry(['resume', ...words], envOf(laptop));
  assert.equal(back.status, 0, back.stderr);
  assert.deepEqual(await project.counts(), { first: 1, middle: 1, pause: 1, last: 1 });
  for (const [task, log] of [
    ['middle', 'waiting\ngoes on\n'],
    ['last', 'ends\n'],
  ] as const)
    assert.equal(await logOf(task), log);
});

test('run, on a machine that slept: it finds that another has taken the run over, and neither starts nor writes anything more', async (t) => {
  await using project = await countingProject();
  await using laptop = await machine('laptop');
  await using desk = await machine('desk');
  const { child, ended, runId, events, words } = await begin(project, laptop);
  t.after(() => child.kill('SIGKILL'));
  child.kill('SIGSTOP');
  const before = await readFile(events, 'utf8');
  await s3.passes(MINUTE_MS);
  await project.go();
  const resumed = await resumeOn(desk, runId);
  assert.equal(resumed.status, 0, resumed.stderr);
  await laptop.setAhead(MINUTE_MS);
  child.kill('SIGCONT');
  const { status, stderr } = await ended;
  assert.equal(status, 3, stderr);
  assert.match(stderr, /process \d+ on desk has taken it over/);
  const written = (await readFile(events, 'utf8')).slice(before.length);
  assert.doesNotMatch(written, /attempt-starting|run-stopped/);
  assert.deepEqual(await project.counts(), { first: 1, middle: 1, last: 1 });
  const after = await wherry(['status', ...words], envOf(laptop));
  assert.match(after.stdout, /succeeded, __default__ on aws-fargate/);
});
