import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { EmulatorClock } from '../clock.ts';
import type { Input } from '../input.ts';
import { openLogStore } from '../log-store.ts';
import type { World } from '../state.ts';
import { temporaryFolder } from '../test-emulator.ts';
import { getLogEvents } from './logs.ts';

interface Page {
  events: { message: string }[];
  nextForwardToken: string;
  nextBackwardToken: string;
}

const folder = temporaryFolder();
after(folder.remove);

function stream(messages: readonly string[]): (more: Input) => Page & { messages: string[] } {
  const logs = openLogStore(folder.path, new EmulatorClock());
  const place = { group: '/g', stream: `s/${Math.random()}` };
  messages.forEach((message, index) => {
    logs.append(place, { timestamp: 1000 + index, message, ingestionTime: 0 });
  });
  // What it has not written yet it would write into a folder that is gone.
  logs.flush();
  return (more) => {
    const input = { logGroupName: place.group, logStreamName: place.stream, ...more };
    const page = getLogEvents(input, { logs } as unknown as World) as unknown as Page;
    return { ...page, messages: page.events.map(({ message }) => message) };
  };
}

it('GetLogEvents: goes forward page by page, and at the end gives the token that it was given', () => {
  const get = stream(['a', 'b', 'c']);
  const first = get({ startFromHead: true, limit: 2 });
  assert.deepEqual(first.messages, ['a', 'b']);
  const second = get({ startFromHead: true, limit: 2, nextToken: first.nextForwardToken });
  assert.deepEqual(second.messages, ['c']);
  const third = get({ startFromHead: true, limit: 2, nextToken: second.nextForwardToken });
  assert.deepEqual([third.messages, third.nextForwardToken], [[], second.nextForwardToken]);
});

it('GetLogEvents: gives the newest events first asked without startFromHead, and goes backward from there', () => {
  const get = stream(['a', 'b', 'c']);
  const newest = get({ limit: 2 });
  assert.deepEqual(newest.messages, ['b', 'c']);
  const older = get({ limit: 2, nextToken: newest.nextBackwardToken });
  assert.deepEqual(older.messages, ['a']);
  const end = get({ limit: 2, nextToken: older.nextBackwardToken });
  assert.deepEqual([end.messages, end.nextBackwardToken], [[], older.nextBackwardToken]);
});

it('GetLogEvents: startTime is inclusive and endTime exclusive', () => {
  const get = stream(['a', 'b', 'c']);
  assert.deepEqual(get({ startFromHead: true, startTime: 1001, endTime: 1002 }).messages, ['b']);
});

it('GetLogEvents: a page holds 10,000 events or 1 MB, whichever comes first', () => {
  const many = stream(Array.from({ length: 10_001 }, () => 'x'));
  assert.equal(many({ startFromHead: true }).events.length, 10_000);
  const large = stream(Array.from({ length: 5 }, () => 'x'.repeat(262_118)));
  assert.equal(large({ startFromHead: true }).events.length, 4);
});

it('GetLogEvents: refuses a limit above 10,000 and a token that is none of its own', () => {
  const get = stream(['a']);
  assert.throws(() => get({ limit: 10_001 }), { type: 'InvalidParameterException' });
  assert.throws(() => get({ nextToken: 'f/1' }), { type: 'InvalidParameterException' });
});

it('log store: another one reads what it wrote, but for a last line that a kill cut short', async () => {
  const place = { group: '/kept', stream: 'a/b/c' };
  const first = openLogStore(folder.path, new EmulatorClock());
  first.append(place, { timestamp: 1, message: 'one', ingestionTime: 1 });
  first.flush();
  const { appendFileSync } = await import('node:fs');
  appendFileSync(`${folder.path}/%2Fkept/a%2Fb%2Fc.jsonl`, '{"timestamp":2,"mess');
  assert.deepEqual(openLogStore(folder.path, new EmulatorClock()).events(place), [
    { timestamp: 1, message: 'one', ingestionTime: 1 },
  ]);
});
