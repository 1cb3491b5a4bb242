import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeWhole } from './write-whole.ts';

test('write whole: where the file cannot be put in its place, nothing is left beside it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-test-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'file', 'in-the-way'), { recursive: true });
  await assert.rejects(writeWhole(join(folder, 'file'), 'text'), { syscall: 'rename' });
  assert.deepEqual(await readdir(folder), ['file']);
});
