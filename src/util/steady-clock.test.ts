import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steadyClock } from './steady-clock.ts';

test('steady clock: goes on where the clock of the wall is set back, and jumps with it where the machine has slept', () => {
  let [wall, monotonic] = [1000, 7.25];
  const now = steadyClock(
    () => wall,
    () => monotonic,
  );
  const pass = (onWall: number, running: number) => {
    wall += onWall;
    monotonic += running;
    return now();
  };
  assert.equal(pass(5, 5), 1005);
  assert.equal(pass(-3_600_000, 10), 1015, 'set back by an hour');
  assert.equal(pass(10, 10), 1025);
  assert.equal(pass(3_600_000, 10), 1035, 'and right again');
  assert.equal(pass(60_000, 10), wall, 'it slept for a minute');
});
