import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startWherry, wherry } from './support/cli.ts';
import { countingAws, countingProject, isThere, until } from './support/counting-project.ts';

interface Status {
  readonly runId: string;
  readonly state: string;
  readonly tasks: readonly { readonly name: string; readonly attempts: readonly { readonly handle: string }[] }[];
}

async function statusOf(words: readonly string[], env: Record<string, string> = {}): Promise<Status> {
  const { stdout, stderr } = await wherry(['status', ...words, '--format', 'json'], env);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Status;
}

const notesOf = (stderr = '') => [...stderr.matchAll(/^note: (.*)$/gm)].map(([, note]) => note);

test('resume, local: a run whose process was killed is interrupted, and goes on with what was not finished', async () => {
  await using project = await countingProject();
  const words = ['-C', project.folder];
  const { child, ended } = startWherry(['run', ...words]);
  await project.untilBegun('middle');
  assert.equal((await statusOf(words)).state, 'running');
  child.kill('SIGKILL');
  await ended;
  assert.equal((await statusOf(words)).state, 'interrupted');
  const { stdout } = await wherry(['status', ...words]);
  assert.match(stdout, /no process drives it: .*\nnext: wherry resume -C \S+ \S+ goes on with it, wherry cancel/);
  const followed = await wherry(['logs', '-f', ...words]);
  assert.match(followed.stderr, /no process drives this run: .*wherry resume \S+ reads on/);
  const mistaken = await wherry(['logs', 'middle', ...words]);
  assert.equal(mistaken.status, 2);
  assert.match(mistaken.stderr, /there is no run 'middle'. It is a task of the newest run: wherry logs \S+ middle/);
  await project.go();
  await appendFile(join(project.folder, 'pipeline.yml'), '# no other nodes\n');
  const resumed = await wherry(['resume', ...words]);
  assert.equal(resumed.status, 0, resumed.stderr);
  assert.deepEqual(notesOf(resumed.stderr), [
    "pipeline.yml changed since the run began: tasks that run now run today's code, by the plan of the run",
    'to run with what is there today, start a new run: wherry run',
  ]);
  assert.deepEqual(await project.counts(), { first: 1, middle: 2, last: 1 });
  assert.equal((await statusOf(words)).state, 'succeeded');
  const again = await wherry(['resume', ...words]);
  assert.equal(again.status, 0);
  assert.match(again.stderr, /has succeeded: there is nothing to resume/);
});

test('resume, on Fargate: tasks outlive the process, are attached again and run once; a second process is refused', async () => {
  await using project = await countingProject();
  await using aws = await countingAws(project.folder);
  const words = ['-C', project.folder];
  const { child, ended } = startWherry(['run', ...words, '-e', 'fargate'], aws.env);
  await project.untilBegun('middle');
  const refused = await wherry(['resume', ...words], aws.env);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, new RegExp(`is under way already: process ${child.pid} on \\S+ drives it`));
  child.kill('SIGKILL');
  await ended;
  const before = await statusOf(words);
  assert.equal(before.state, 'interrupted');
  const settings = join(project.folder, 'conf', 'fargate', 'wherry.yml');
  const written = await readFile(settings, 'utf8');
  const changed = written.replace('cluster: counting', 'cluster: elsewhere\n  env: { COUNTS: /dev/null }');
  await writeFile(settings, `${changed}retries: { user: 2 }\nimage: counting:2\n`.replace('image: counting:1\n', ''));
  const [resumed, other] = [startWherry(['resume', ...words], aws.env), startWherry(['resume', ...words], aws.env)];
  const first = await Promise.race([resumed.ended, other.ended]);
  assert.equal(first.status, 2, first.stderr);
  await project.go();
  const ends = await Promise.all([resumed.ended, other.ended]);
  assert.deepEqual(ends.map(({ status }) => status).sort(), [0, 2]);
  assert.deepEqual(notesOf(ends.find(({ status }) => status === 0)?.stderr), [
    "execution_engine.cluster is 'elsewhere' today: the run goes on with 'counting'",
    'execution_engine.env has changed: the run goes on with what it was begun with',
    "image is 'counting:2' today: the run goes on with 'counting:1'",
    'retries is {"oom":"fail","platform":3,"spot":2,"user":2} today: the run goes on with {"oom":"fail","platform":3,"spot":2,"user":0}',
    'to run with what is there today, start a new run: wherry run',
  ]);
  assert.deepEqual(await project.counts(), { first: 1, middle: 1, last: 1 });
  const after = await statusOf(words);
  assert.equal(after.state, 'succeeded');
  assert.deepEqual(
    after.tasks.map(({ attempts }) => attempts.length),
    [1, 1, 1],
  );
  assert.equal(after.tasks[1]?.attempts[0]?.handle, before.tasks[1]?.attempts[0]?.handle);
  const { stdout } = await wherry(['logs', ...words, after.runId, 'middle']);
  assert.equal(stdout.match(/waiting/g)?.length, 1);
});

test('resume, on Fargate: lines that came after the process was killed, of a task whose end it had seen, are read, and none twice', async () => {
  const pipeline = `name: counting
nodes:
  - { name: first, command: 'echo begins; sleep 3; echo goes on; echo ends; echo ends' }
  - { name: middle, command: 'echo middle >> "$COUNTS"; while [ ! -e "$GO" ]; do sleep 0.05; done', after: [first] }
`;
  await using project = await countingProject({ pipeline });
  await using aws = await countingAws(project.folder);
  const faults = JSON.stringify({
    tasks: [{ fault: 'late-logs', where: { env: { WHERRY_TASK: 'first' } }, seconds: 2 }],
  });
  await fetch(`${aws.env['AWS_ENDPOINT_URL_ECS']}/_emulator/faults`, { method: 'PUT', body: faults });
  const words = ['-C', project.folder];
  const { child, ended } = startWherry(['run', ...words, '-e', 'fargate'], aws.env);
  await project.untilBegun('middle');
  child.kill('SIGKILL');
  await ended;
  const logOf = async () => (await wherry(['logs', ...words, (await statusOf(words)).runId, 'first'])).stdout;
  assert.equal(await logOf(), 'begins\n');
  await fetch(`${aws.env['AWS_ENDPOINT_URL_ECS']}/_emulator/time`, { method: 'POST', body: '{"advanceSeconds": 10}' });
  await project.go();
  const resumed = await wherry(['resume', ...words], aws.env);
  assert.equal(resumed.status, 0, resumed.stderr);
  assert.equal(await logOf(), 'begins\ngoes on\nends\nends\n');
  assert.deepEqual(notesOf(resumed.stderr), [], 'nothing has changed');
});

test('resume, on the emulator of `run --emulate`: it starts again, and what it had to stop runs again', async () => {
  await using project = await countingProject();
  const words = ['-C', project.folder];
  const { child, ended } = startWherry(['run', ...words, '-e', 'fargate', '--emulate']);
  await project.untilBegun('middle');
  child.kill('SIGKILL');
  await ended;
  const emulator = join(project.folder, '.wherry', 'emulator', 'emulator.json');
  await until(async () => !(await isThere(emulator)), 'the emulator has ended');
  await project.go();
  const resumed = await wherry(['resume', ...words]);
  assert.equal(resumed.status, 0, resumed.stderr);
  assert.deepEqual(await project.counts(), { first: 1, middle: 2, last: 1 });
});
