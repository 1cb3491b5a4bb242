import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limiter } from './rates.ts';

test('rates: a burst goes at once, what is over it waits in its turn, and each operation has a bucket of its own', async () => {
  let now = 1_000_000;
  const waits: number[] = [];
  const limit = limiter({ now: () => now, sleep: async (ms) => void waits.push(Math.round(ms)) });
  for (let call = 0; call < 23; call++) await limit('RunTask');
  assert.deepEqual(waits, [100, 200, 300]);
  await limit('DescribeTasks');
  assert.equal(waits.length, 3);
  now += 300;
  await limit('RunTask');
  assert.deepEqual(waits.slice(3), [100]);
  now += 60_000;
  for (let call = 0; call < 20; call++) await limit('RunTask');
  assert.equal(waits.length, 4, 'it never holds more than a burst');
  await limit('RunTask');
  assert.equal(waits.length, 5);
});
