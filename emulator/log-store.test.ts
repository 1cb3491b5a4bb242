import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { after, it } from 'node:test';
import { EmulatorClock } from './clock.ts';
import { openLogStore } from './log-store.ts';
import { temporaryFolder } from './test-emulator.ts';

const folder = temporaryFolder();
after(folder.remove);
const place = { group: '/kept', stream: 'a/b/c' };

it('log store: another one reads what it wrote, by time, but for a last line that a kill cut short', () => {
  const first = openLogStore(folder.path, new EmulatorClock());
  first.createGroup(place.group);
  for (const timestamp of [2, 1]) first.append(place, { timestamp, message: `at ${timestamp}`, ingestionTime: 3 });
  const [earlier, later] = first.events(place) ?? [];
  assert.deepEqual([earlier?.message, later?.message], ['at 1', 'at 2']);
  first.flush();
  appendFileSync(`${folder.path}/%2Fkept/a%2Fb%2Fc.jsonl`, '{"timestamp":2,"mess');
  assert.deepEqual(openLogStore(folder.path, new EmulatorClock()).events(place), [earlier, later]);
});

it('log store: what waits to be written is not written into a group or stream that is deleted', () => {
  const store = openLogStore(folder.path, new EmulatorClock());
  store.append(place, { timestamp: 3, message: 'waits', ingestionTime: 3 });
  store.deleteStream(place);
  store.flush();
  store.append(place, { timestamp: 4, message: 'waits', ingestionTime: 3 });
  store.deleteGroup(place.group);
  store.flush();
  store.append(place, { timestamp: 5, message: 'lost', ingestionTime: 3 });
  store.flush();
  assert.deepEqual(openLogStore(folder.path, new EmulatorClock()).groups(), []);
});
