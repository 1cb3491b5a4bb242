import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { makeWorkingCopy } from './working-copy.ts';

async function copied(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'wherry-test-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const copy = await makeWorkingCopy(root, 'conf');
  const there = Object.keys(files).filter((path) => existsSync(join(copy.folder, path)));
  await copy.remove();
  await rm(root, { recursive: true });
  return there;
}

const FILES = {
  'src/a.py': '',
  'src/__pycache__/a.pyc': '',
  'data/01_raw/x.csv': '',
  'data/y.csv': '',
  'conf/local/z.yml': '',
  '.venv/bin/python': '',
};

test('working copy: has what .dockerignore lets in again, and all of conf', async () => {
  const rules = { '.dockerignore': 'data\n!data/01_raw\nconf/local\n' };
  const expected = ['.dockerignore', 'src/a.py', 'data/01_raw/x.csv', 'conf/local/z.yml'];
  assert.deepEqual(await copied({ ...rules, ...FILES }), expected);
});

test('working copy: without a .dockerignore it has what git has', async () => {
  const rules = { '.gitignore': 'data/*\n!data/01_raw\n' };
  assert.deepEqual(await copied({ ...rules, ...FILES }), [
    '.gitignore',
    'src/a.py',
    'data/01_raw/x.csv',
    'conf/local/z.yml',
  ]);
});
