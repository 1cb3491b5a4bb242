import assert from 'node:assert/strict';
import { appendFileSync, existsSync, renameSync, symlinkSync } from 'node:fs';
import { after, it } from 'node:test';
import { EmulatorClock } from './clock.ts';
import { openLogStore } from './log-store.ts';
import { temporaryFolder } from './test-emulator.ts';

const folder = temporaryFolder();
after(folder.remove);
const file = `${folder.path}/%2Fkept/a%2Fb%2Fc.jsonl`;
const said: string[] = [];
const open = () => openLogStore(folder.path, { clock: new EmulatorClock(), say: (line) => said.push(line) });
const place = { group: '/kept', stream: 'a/b/c' };

it('log store: another one reads what it wrote, by time, but for a last line that a kill cut short', () => {
  const first = open();
  first.createGroup(place.group);
  for (const timestamp of [2, 1]) first.append(place, { timestamp, message: `at ${timestamp}`, ingestionTime: 3 });
  const [earlier, later] = first.events(place) ?? [];
  assert.deepEqual([earlier?.message, later?.message], ['at 1', 'at 2']);
  first.flush();
  appendFileSync(file, '{"timestamp":2,"mess');
  const second = open();
  assert.deepEqual(second.events(place), [earlier, later]);
  second.append(place, { timestamp: 3, message: 'after', ingestionTime: 3 });
  second.flush();
  assert.deepEqual(
    open()
      .events(place)
      ?.map(({ message }) => message),
    ['at 1', 'at 2', 'after'],
  );
});

it('log store: what a full disk does not take is said once, kept, and written whole when there is room', {
  skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
}, () => {
  const store = open();
  assert.equal(store.events(place)?.length, 3);
  renameSync(file, `${file}.aside`);
  symlinkSync('/dev/full', file);
  for (const message of ['one', 'two']) {
    store.append(place, { timestamp: 4, message, ingestionTime: 4 });
    assert.equal(store.flush(), false);
  }
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /cannot be written: ENOSPC/);
  renameSync(`${file}.aside`, file);
  assert.equal(store.flush(), true);
  assert.deepEqual(open().events(place), store.events(place));
  assert.equal(store.events(place)?.length, 5);
});

it('log store: what waits to be written is not written into a group or stream that is deleted', () => {
  const store = open();
  store.append(place, { timestamp: 3, message: 'waits', ingestionTime: 3 });
  store.deleteStream(place);
  store.flush();
  store.append(place, { timestamp: 4, message: 'waits', ingestionTime: 3 });
  store.deleteGroup(place.group);
  store.flush();
  store.append(place, { timestamp: 5, message: 'lost', ingestionTime: 3 });
  store.flush();
  assert.deepEqual(open().groups(), []);
});
