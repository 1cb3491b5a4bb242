import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectCopy, root, wherry } from './support/cli.ts';

const FERRY_TIMES = join(root, 'examples', 'ferry-times');

async function ferryTimes(more = '') {
  const project = await projectCopy(FERRY_TIMES);
  const settings = join(project.folder, 'conf', 'fargate', 'wherry.yml');
  const replace = async (from: string, to: string) =>
    writeFile(settings, (await readFile(settings, 'utf8')).replace(from, to));
  await replace('spill:', `${more}\nspill:`);
  return {
    ...project,
    replace,
    dag: join(project.folder, 'dags', 'ferry-times.py'),
    compile: (...words: string[]) => wherry(['compile', '-C', project.folder, '-e', 'fargate', ...words]),
  };
}

test('compile: writes DAG and plan with their marker, the same bytes each time, and leaves nothing else', async () => {
  await using project = await ferryTimes();
  const first = await project.compile();
  assert.equal(first.status, 0, first.stderr);
  const files = await readdir(join(project.folder, 'dags'));
  assert.deepEqual(files.sort(), ['ferry-times.plan.json', 'ferry-times.py']);
  const text = await readFile(project.dag, 'utf8');
  const { planHash } = JSON.parse(await readFile(join(project.folder, 'dags', 'ferry-times.plan.json'), 'utf8'));
  assert.ok(text.split('\n')[0]?.includes(planHash));
  const again = await project.compile();
  assert.match(again.stdout, /ferry-times\.py \(unchanged\)\n/);
  assert.equal(await readFile(project.dag, 'utf8'), text);
});

test('compile: retries and timeouts of the settings are those of the DAG', async () => {
  const dagOf = async (more: string) => {
    await using project = await ferryTimes(more);
    const { status, stderr } = await project.compile('--grouping', 'node');
    assert.equal(status, 0, stderr);
    return readFile(project.dag, 'utf8');
  };
  assert.match(await dagOf(''), /^USER_RETRIES = 0\nTIMEOUT = 86400$[\s\S]*^DEFAULT_ARGS = \{"retries": 3,/m);
  const own = await dagOf(
    'retries: { platform: 1, spot: 4, user: 2 }\ntimeout: 2h\nestimates: {}\nairflow: { default_args: { owner: me } }',
  );
  assert.match(own, /^USER_RETRIES = 2\nTIMEOUT = 7200$[\s\S]*^DEFAULT_ARGS = \{"retries": 2,/m);
  const inAirflowsWords = await dagOf('timeout: 2h\nairflow: { default_args: { retries: 7, execution_timeout: 30m } }');
  assert.match(inAirflowsWords, /^TIMEOUT = 1800$[\s\S]*^DEFAULT_ARGS = \{"retries": 7, "waiter_delay": 6\}/m);
});

test('compile --check: writes nothing, and shows what differs with exit status 1', async () => {
  await using project = await ferryTimes();
  const missing = await project.compile('--check');
  assert.equal(missing.status, 1);
  assert.match(missing.stdout, /^--- \/dev\/null/m);
  await assert.rejects(readFile(project.dag), { code: 'ENOENT' });
  await project.compile();
  assert.equal((await project.compile('--check')).status, 0);
  await project.replace('vcpu: 0.25', 'vcpu: 0.5');
  const stale = await project.compile('--check');
  assert.equal(stale.status, 1);
  assert.match(stale.stdout, /^- .*"cpu": "256"/m);
  assert.match(stale.stdout, /^\+ .*"cpu": "512"/m);
  assert.match(stale.stderr, /2 of 2 files differ/);
});

test("compile: a file of somebody else's is left as it is, and nothing is written beside it", async () => {
  await using project = await ferryTimes();
  await project.compile();
  await writeFile(project.dag, 'mine = True\n');
  await project.replace('vcpu: 0.25', 'vcpu: 0.5');
  const plan = join(project.folder, 'dags', 'ferry-times.plan.json');
  const before = await readFile(plan, 'utf8');
  const refused = await project.compile();
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /was not written by wherry/);
  assert.equal(await readFile(project.dag, 'utf8'), 'mine = True\n');
  assert.equal(await readFile(plan, 'utf8'), before);
});

test('compile: takes its region from settings and flags, never from the environment', async () => {
  await using project = await ferryTimes();
  const plain = await project.compile('-o', 'one');
  assert.equal(plain.status, 0, plain.stderr);
  const words = ['compile', '-C', project.folder, '-e', 'fargate', '-o', 'two'];
  await wherry(words, { AWS_REGION: 'us-west-2' });
  const read = (folder: string) => readFile(join(project.folder, folder, 'ferry-times.py'), 'utf8');
  assert.equal(await read('one'), await read('two'));
  await project.compile('-o', 'three', '--region', 'us-west-2');
  assert.match(await read('three'), /"region_name": "us-west-2"/);
});

test('compile: the names of the settings are the DAG’s, and a pinned revision must be known', async () => {
  await using project = await ferryTimes('run_config: { run_name: nightly ferries }\nairflow: { revision: pinned }');
  const unknown = await project.compile();
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /'pinned' and no revision is known/);
  await project.replace('  cluster:', '  task_definition: ferries:3\n  cluster:');
  await project.replace('image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/ferry-times:1.0', '');
  const { status, stdout, stderr } = await project.compile();
  assert.equal(status, 0, stderr);
  const [file = ''] = stdout.split('\n');
  assert.match(file, /nightly-ferries-[0-9a-f]{6}\.py$/);
  assert.match(await readFile(file, 'utf8'), /"name": "ferries:3"/);
});
