import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { useEmulator } from '../src/cli/emulator-process.ts';
import { realHost } from '../src/cli/host.ts';
import { GROUPINGS } from '../src/model/plan.ts';
import { EXAMPLE, examplePython, projectCopy, root, wherry } from './support/cli.ts';

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
  const { status, output } = await python(['-m', 'kedro', 'run'], { cwd: expected.folder });
  assert.equal(status, 0, output);
});

after(() => expected[Symbol.asyncDispose]());

async function python(
  words: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: Record<string, string> },
) {
  const file = await examplePython();
  return new Promise<{ status: number; output: string }>((resolve) => {
    execFile(file, words, { cwd, env: { ...process.env, DO_NOT_TRACK: '1', ...env } }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

/** Compares by value what is on the emulator's S3 with what plain `kedro run` left on disk. */
async function compare(project: string, env: string, paths: object = {}): Promise<{ status: number; output: string }> {
  const emulator = await useEmulator(join(project, '.wherry', 'emulator'), realHost());
  assert.ok(!('complaint' in emulator), JSON.stringify(emulator));
  try {
    const access = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_S3: emulator.endpoints.s3,
    };
    const words = [
      'scripts/compare-outputs.py',
      '--project',
      project,
      '--expected-project',
      expected.folder,
      '--actual-env',
      env,
      '--paths',
      JSON.stringify(paths),
      '--model-input',
      'demand.model=demand.features',
    ];
    return await python(words, { env: access });
  } finally {
    await emulator.stop();
  }
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
