import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmulatorClock } from './clock.ts';

const end = new AbortController();
const never = end.signal;

// What a test leaves waiting must not keep its process.
after(() => end.abort());

/** Notes what happened, and at which second after the start. */
function diary(clock: EmulatorClock) {
  const start = clock.now();
  const entries: string[] = [];
  const note = (what: string) => entries.push(`${what} at ${Math.round((clock.now() - start) / 1000)}`);
  return { entries, note };
}

it('clock: what is due before the new time happens in order, each at its own time', async () => {
  const clock = new EmulatorClock();
  const { entries, note } = diary(clock);
  for (const seconds of [30, 10, 7200, 20]) void clock.wait(seconds, never).then(() => note(String(seconds)));
  await clock.advance(3600);
  note('advanced');
  assert.deepEqual(entries, ['10 at 10', '20 at 20', '30 at 30', 'advanced at 3600']);
  await clock.advance(3600);
  assert.equal(entries.at(-1), '7200 at 7200');
});

it('clock: a wait that one leads to is due in the same advance', async () => {
  const clock = new EmulatorClock();
  const { entries, note } = diary(clock);
  void (async () => {
    for (const hour of [1, 2, 3]) {
      await clock.wait(3600, never);
      note(String(hour));
    }
  })();
  void clock.wait(5400, never).then(() => note('half past one'));
  await clock.advance(2.5 * 3600);
  assert.deepEqual(entries, ['1 at 3600', 'half past one at 5400', '2 at 7200']);
});

it('clock: is not put forward past work that takes real time', async () => {
  const clock = new EmulatorClock();
  const { entries, note } = diary(clock);
  void clock.wait(60, never).then(async () => {
    await clock.during(sleep(30));
    note('worked');
    await clock.wait(60, never);
    note('waited');
  });
  await clock.advance(90_000);
  assert.deepEqual(entries, ['worked at 60', 'waited at 120']);
});

it('clock: advances at the same time are one after the other, and add up', async () => {
  const clock = new EmulatorClock({ aheadSeconds: 10 });
  const before = clock.now();
  await Promise.all([clock.advance(100), clock.advance(100)]);
  assert.equal(clock.aheadSeconds, 210);
  assert.ok(clock.now() - before >= 200_000);
});

it('clock: a wait that an advance has shortened ends when the rest has passed', async () => {
  const clock = new EmulatorClock();
  const done = clock.wait(100.02, never);
  await clock.advance(100);
  await done;
});

it('clock: the scale shortens pauses and not waits', async () => {
  const clock = new EmulatorClock({ scale: 0.01 });
  const { entries, note } = diary(clock);
  void clock.pause(1000, never).then(() => note('pause'));
  void clock.wait(1000, never).then(() => note('wait'));
  await clock.advance(2000);
  assert.deepEqual(entries, ['pause at 10', 'wait at 1000']);
});

it('clock: a wait ends with its signal, and a wait above 24 days does not end at once', async () => {
  const clock = new EmulatorClock();
  const stop = new AbortController();
  let isOver = false;
  const wait = clock.wait(30 * 86_400, stop.signal).then(() => {
    isOver = true;
  });
  await sleep(5);
  assert.equal(isOver, false);
  stop.abort();
  await wait;
});
