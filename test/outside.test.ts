import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectCopy, root, wherry } from './support/cli.ts';
import { compareOutputs, runPython } from './support/compare.ts';
import { pythonEnv } from './support/python-env.ts';

test('outside: a published project that nobody here wrote runs on emulated Fargate and gives what plain kedro run gives', async () => {
  const python = await pythonEnv('outside', join(root, 'test', 'outside', 'snowflights', 'requirements.txt'));
  const scratch = await mkdtemp(join(tmpdir(), 'wherry-outside-'));
  const project = join(scratch, 'snowflights');
  const fetched = await runPython(python, [join(root, 'test', 'outside', 'fetch-project.py'), 'snowflights', project]);
  assert.equal(fetched.status, 0, fetched.output);
  await using expected = await projectCopy(project);
  const plain = await runPython(python, ['-m', 'kedro', 'run'], { cwd: expected.folder });
  assert.equal(plain.status, 0, plain.output);

  const { status, stderr } = await wherry([
    'run',
    '-C',
    project,
    '-e',
    'remap',
    '--emulate',
    '--grouping',
    'node',
    '--python',
    python,
  ]);
  assert.equal(status, 0, stderr.slice(-3000));
  const paths = { 'data/': 's3://wherry-outside-snowflights/data/' };
  const compared = await compareOutputs({
    python,
    project,
    expected: expected.folder,
    env: 'remap',
    paths,
    models: { regressor: 'model_input_table' },
  });
  assert.equal(compared.status, 0, compared.output);
  assert.match(compared.output, /4 of 4 datasets equal/);
  await rm(scratch, { recursive: true });
});

test('outside: check gives no false error on another published project, of Kedro 0.18 with Spark, and init makes it ready', async () => {
  const python = await pythonEnv('kedro-0.18', join(root, 'bridge', 'tests', 'requirements-kedro-0.18.txt'));
  const scratch = await mkdtemp(join(tmpdir(), 'wherry-outside-'));
  const project = join(scratch, 'iris');
  const fetched = await runPython(python, [join(root, 'test', 'outside', 'fetch-project.py'), 'iris', project]);
  assert.equal(fetched.status, 0, fetched.output);
  const at = ['-C', project, '--python', python];
  const found = async (...words: string[]) => {
    const { stdout } = await wherry(['check', ...at, '--format', 'json', ...words]);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { severity: string; code: string }[] };
    return diagnostics.map(({ severity, code }) => `${severity} ${code}`);
  };
  assert.deepEqual(await found(), []);
  // What is true: nothing is set yet, and its own environment reads a path of the image.
  const unset = Array.from({ length: 4 }, () => 'error config/value-missing');
  const onFargate = ['--engine', 'aws-fargate'];
  assert.deepEqual(await found(...onFargate), unset);
  assert.deepEqual(await found(...onFargate, '-e', 'dataproc-serverless'), [...unset, 'warning image/input-left-out']);
  const flags = [
    '--cluster',
    'ml',
    '--subnets',
    'subnet-0123456789abcdef0',
    '--image',
    'registry/iris:1',
    '--task-role',
    'iris',
  ];
  const ready = await wherry(['init', ...at, '--bucket', 's3://wherry-outside-iris', ...flags]);
  assert.equal(ready.status, 0, ready.stderr);
  assert.deepEqual(await found(), []);
  const spilled = Array.from({ length: 5 }, () => 'note data/memory-crosses-tasks');
  assert.deepEqual(await found('--grouping', 'node'), spilled);
  await rm(scratch, { recursive: true });
});
