import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../engine/engine.ts';
import { ok } from '../util/result.ts';
import { LogFollowers } from './log-followers.ts';

test('log followers: of a log that is read again what is kept already is left out, whatever came late between it', async () => {
  const line = (at: number): LogLine => ({ at, text: 'same words' });
  const pages = [
    [line(1), line(2)],
    [line(3), line(3), line(4)],
  ];
  const appended: LogLine[] = [];
  const followers = new LogFollowers({
    session: {
      logLagMs: 0,
      logs: async () => ok(new Map([['h', { lines: pages.shift() ?? [], events: [] }]])),
    },
    recorder: { appendLog: async (_task, _attempt, lines) => void appended.push(...lines) },
    record: async () => undefined,
    now: () => 0,
    sleep: async () => undefined,
    report: () => undefined,
    fail: () => assert.fail(),
  });
  followers.follow('h', { task: 't', attempt: 1, kept: { lines: [line(1), line(3)], events: 0 } });
  followers.ended('h');
  await followers.drain();
  assert.deepEqual(appended, [line(2), line(3), line(4)]);
});
