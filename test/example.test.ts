import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { GROUPINGS } from '../src/model/plan.ts';
import { EXAMPLE, examplePython, projectCopy, wherry } from './support/cli.ts';
import { compareOutputs, runPython } from './support/compare.ts';

interface PlanJson {
  readonly tasks: readonly {
    readonly name: string;
    readonly nodes: readonly string[];
    readonly spills: readonly string[];
  }[];
  readonly boundaryDatasets: readonly { readonly storage: string }[];
}

let expected: Awaited<ReturnType<typeof projectCopy>>;

/** What plain `kedro run` gives, once for all groupings. */
before(async () => {
  expected = await projectCopy(EXAMPLE);
  const { status, output } = await runPython(await examplePython(), ['-m', 'kedro', 'run'], { cwd: expected.folder });
  assert.equal(status, 0, output);
});

after(() => expected[Symbol.asyncDispose]());

async function compare(project: string, env: string, paths: object = {}) {
  const python = await examplePython();
  return compareOutputs({
    python,
    project,
    expected: expected.folder,
    env,
    paths,
    models: { 'demand.model': 'demand.features' },
  });
}

for (const grouping of GROUPINGS) {
  test(`example: on emulated Fargate, grouped by ${grouping}, every output on S3 equals plain kedro run`, async () => {
    await using project = await projectCopy(EXAMPLE);
    const words = [
      'run',
      '-C',
      project.folder,
      '-e',
      'fargate',
      '--engine',
      'aws-fargate',
      '--emulate',
      '--grouping',
      grouping,
      '--python',
      await examplePython(),
    ];
    const { status, stderr } = await wherry(words);
    assert.equal(status, 0, stderr.slice(-3000));
    const compared = await compare(project.folder, 'fargate');
    assert.equal(compared.status, 0, compared.output);
    assert.match(compared.output, /10 of 10 datasets equal/);
  });
}

test('example: from the base catalog, with only spill and paths in the settings, every output on S3 equals plain kedro run', async () => {
  await using project = await projectCopy(EXAMPLE);
  const { status, stderr } = await wherry([
    'run',
    '-C',
    project.folder,
    '-e',
    'remap',
    '--emulate',
    '--grouping',
    'node',
    '--python',
    await examplePython(),
  ]);
  assert.equal(status, 0, stderr.slice(-3000));
  const compared = await compare(project.folder, 'remap', { 'data/': 's3://wherry-example-bike-hire/remap/data/' });
  assert.equal(compared.status, 0, compared.output);
  assert.match(compared.output, /10 of 10 datasets equal/);

  // The comparison can fail: without one object it does, and names it.
  await rm(join(project.folder, '.wherry/emulator/s3/wherry-example-bike-hire/remap/data/08_reporting/docks_van.csv'));
  const without = await compare(project.folder, 'remap', { 'data/': 's3://wherry-example-bike-hire/remap/data/' });
  assert.equal(without.status, 1);
  assert.match(without.output, /not equal: docks\.van_report/);
});

for (const step of ['kedro', 'kedro-command']) {
  test(`example: with step: ${step}, a family of the user's and no spill, containers run plain kedro run`, async () => {
    await using project = await projectCopy(EXAMPLE);
    const settings = join(project.folder, 'conf', 'fargate', 'wherry.yml');
    const text = await readFile(settings, 'utf8');
    const plain = text
      .replace(/^spill:.*$/m, `step: ${step}`)
      .replace(/^image:.*\n/m, '')
      .replace('grouping: namespace', 'grouping: memory')
      .replace(/^execution_engine:$/m, '$&\n  task_definition: mine');
    await writeFile(settings, plain);
    const params = 'demand.folds=3,note="a: b = c"';
    const words = ['run', '-C', project.folder, '-e', 'fargate', '--emulate', '--params', params];
    const { status, stderr } = await wherry([...words, '--python', await examplePython()]);
    assert.equal(status, 0, stderr.slice(-3000));
    const compiled = await wherry([
      ...['compile', '-C', project.folder, '-e', 'fargate'],
      ...['--params', params, '--python', await examplePython()],
    ]);
    assert.equal(compiled.status, 0, compiled.stderr);
    const dag = await readFile(join(project.folder, 'dags', 'bike-hire.py'), 'utf8');
    assert.match(dag, step === 'kedro' ? /"command": \[\s+"--env=fargate",/ : /"command": \[\s+"kedro",\s+"run",/);
    assert.match(dag, /^BOOTSTRAP = ""$/m);
    assert.match(stderr, /step: plain kedro run/);
    const compared = await compare(project.folder, 'fargate');
    assert.match(compared.output, /10 of 10 datasets equal/);
  });
}

test('example: the plan is the same bytes each time, with a task a node, or one for all', async () => {
  const plan = async (...flags: string[]) => {
    const ended = await wherry([
      'plan',
      '-C',
      EXAMPLE,
      '-e',
      'fargate',
      '--format',
      'json',
      '--python',
      await examplePython(),
      ...flags,
    ]);
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  };
  assert.equal(await plan(), await plan());
  const perNode = JSON.parse(await plan('--grouping', 'node')) as PlanJson;
  assert.equal(perNode.tasks.length, perNode.tasks.flatMap(({ nodes }) => nodes).length);
  assert.ok(perNode.tasks.some(({ spills }) => spills.length > 0));
  assert.equal((JSON.parse(await plan('--grouping', 'pipeline')) as PlanJson).tasks.length, 1);
  const perMemory = JSON.parse(await plan('--grouping', 'memory')) as PlanJson;
  assert.ok(perMemory.boundaryDatasets.every(({ storage }) => storage === 'catalog'));
});

test('example: it has nothing to complain of in any of its environments', async () => {
  for (const env of ['local', 'fargate', 'remap']) {
    const { stdout, status } = await wherry(['check', '-C', EXAMPLE, '-e', env, '--python', await examplePython()]);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /0 errors, 0 warnings/);
  }
});
