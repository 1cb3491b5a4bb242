import assert from 'node:assert/strict';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { after, it } from 'node:test';
import { openSaver } from './saver.ts';
import { temporaryFolder } from './test-emulator.ts';

const folder = temporaryFolder();
after(folder.remove);

it('saver: what a full disk does not take is said once, and written when there is room; nothing is left half', {
  skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
}, () => {
  const said: string[] = [];
  const saver = openSaver(folder.path, (line) => said.push(line));
  saver.save('one.json', () => 1);
  assert.equal(saver.flush(), true);
  for (const value of [2, 3]) {
    symlinkSync('/dev/full', `${folder.path}/one.json.${process.pid}.tmp`);
    saver.save('one.json', () => value);
    assert.equal(saver.flush(), false);
    assert.equal(saver.read('one.json'), 1);
  }
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^the state cannot be written: ENOSPC/);
  assert.equal(saver.flush(), true);
  assert.deepEqual([saver.read('one.json'), said.length], [3, 2]);
  assert.deepEqual(readdirSync(folder.path), ['one.json']);
});
