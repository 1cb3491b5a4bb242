import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKept } from './keep.ts';

const ENDED = Date.parse('2026-01-01T00:00:00.000Z');
const DAY = 86_400_000;

test('spill.keep: says what is kept of runs that succeeded, and of others, at their end and days later', () => {
  const kept = (keep: string, state: 'succeeded' | 'failed' | 'cancelled', days: number) =>
    isKept(keep, { state, stoppedAt: new Date(ENDED).toISOString() }, ENDED + days * DAY);
  const cases: [keep: string, atSuccess: boolean, afterFailure: boolean, weekLater: boolean][] = [
    ['always', true, true, true],
    ['on-failure', false, true, true],
    ['never', false, false, false],
    ['7d', true, true, false],
    ['8d', true, true, true],
  ];
  for (const [keep, atSuccess, afterFailure, weekLater] of cases) {
    assert.equal(kept(keep, 'succeeded', 0), atSuccess, keep);
    for (const state of ['failed', 'cancelled'] as const) {
      assert.equal(kept(keep, state, 0), afterFailure, keep);
      assert.equal(kept(keep, state, 7), weekLater, keep);
    }
  }
  assert.equal(kept('7d', 'failed', 6.99), true);
});

test('spill.keep: a run that has not ended keeps its data, whatever is said', () => {
  for (const keep of ['never', 'on-failure', '1d'])
    assert.equal(isKept(keep, { state: 'running', stoppedAt: undefined }, ENDED), true);
});
