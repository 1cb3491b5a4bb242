import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectCopy, root, wherry } from './support/cli.ts';
import { compareOutputs, runPython } from './support/compare.ts';
import { pythonEnv } from './support/python-env.ts';

test('outside: a published project that nobody here wrote runs on emulated Fargate and gives what plain kedro run gives', async () => {
  const python = await pythonEnv('outside', join(root, 'test', 'outside', 'requirements.txt'));
  const scratch = await mkdtemp(join(tmpdir(), 'wherry-outside-'));
  const project = join(scratch, 'snowflights');
  const fetched = await runPython(python, [join(root, 'test', 'outside', 'fetch-project.py'), project]);
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
