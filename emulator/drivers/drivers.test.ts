import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { temporaryFolder } from '../test-emulator.ts';
import { lineCutter } from './log-lines.ts';
import { copyWorkingFolder } from './working-copy.ts';

function cut(chunks: readonly Buffer[]): string[] {
  const cutter = lineCutter();
  return [...chunks.flatMap((chunk) => cutter.push(chunk)), ...cutter.end()];
}

it('log lines: are the same however the bytes are cut', () => {
  const bytes = Buffer.from('a\r\nb é ✓ 🚢\n\n\rc\rd\nlast');
  const whole = cut([bytes]);
  assert.deepEqual(whole, ['a', 'b é ✓ 🚢', '\rc\rd', 'last']);
  assert.deepEqual(cut([...bytes].map((byte) => Buffer.from([byte]))), whole);
});

it('log lines: one above 256 KiB is split between characters', () => {
  const line = '✓'.repeat(200_000);
  for (const chunks of [[Buffer.from(line)], [Buffer.from(`${line}\n`)]]) {
    const lines = cut(chunks);
    assert.equal(lines.join(''), line);
    assert.ok(lines.length >= 3 && lines.every((part) => Buffer.byteLength(part) <= 262_118));
  }
});

async function copied(files: Record<string, string>): Promise<{ has(path: string): boolean; path: string }> {
  const from = temporaryFolder(files);
  const to = temporaryFolder();
  await copyWorkingFolder({ from: from.path, to: join(to.path, 'work'), except: join(from.path, 'state') });
  from.remove();
  return { has: (path) => existsSync(join(to.path, 'work', path)), path: join(to.path, 'work') };
}

it('working copy: leaves out what .dockerignore says, its exceptions kept, as docker reads it', async () => {
  const { has } = await copied({
    '.dockerignore': '# comment\nsecret.txt\n/data\n!data/keep.csv\n**/*.log\n*.tmp\nnested/\n.\n',
    'secret.txt': '',
    'sub/secret.txt': '',
    'data/big.csv': '',
    'data/keep.csv': '',
    'a.log': '',
    'sub/deep/b.log': '',
    'c.tmp': '',
    'sub/c.tmp': '',
    'nested/x': '',
    'SECRET.TXT': '',
  });
  const kept = ['sub/secret.txt', 'data/keep.csv', 'sub/c.tmp', 'SECRET.TXT', '.dockerignore'];
  for (const path of kept) assert.ok(has(path), path);
  for (const path of ['secret.txt', 'data/big.csv', 'a.log', 'sub/deep/b.log', 'c.tmp', 'nested'])
    assert.ok(!has(path), path);
});

it('working copy: never has history, environments, caches or the state of the emulator', async () => {
  const { has } = await copied({
    '.git/HEAD': '',
    '.venv/bin/python': '',
    'sub/node_modules/x.js': '',
    '.wherry/runs/x': '',
    'src/__pycache__/a.pyc': '',
    'state/tasks/x.json': '',
    'src/a.py': '',
  });
  assert.ok(has('src/a.py'));
  for (const path of ['.git', '.venv', 'sub/node_modules', '.wherry', 'src/__pycache__', 'state'])
    assert.ok(!has(path), path);
});

it('working copy: a link stays a link', async () => {
  const from = temporaryFolder({ 'real.txt': 'content' });
  const to = temporaryFolder();
  symlinkSync('real.txt', join(from.path, 'link.txt'));
  await copyWorkingFolder({ from: from.path, to: join(to.path, 'work'), except: '' });
  from.remove();
  assert.equal(readFileSync(join(to.path, 'work', 'link.txt'), 'utf8'), 'content');
  to.remove();
});
