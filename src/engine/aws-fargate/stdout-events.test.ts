import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StdoutEvents } from './stdout-events.ts';

const at = 1;

test('stdout events: lines with the nonce are events, each once; all others are the user’s', () => {
  const events = new StdoutEvents();
  const event = { event: 'node-started', node: 'a', at: '', task: 't', attempt: 1 };
  const lines = [
    'hello',
    `::wherry::abc::${JSON.stringify(event)}`,
    '::wherry::fff::{"event":"forged"}',
    '::wherry::abc::not json',
  ].map((text) => ({ at, text }));
  for (let times = 0; times < 2; times++) {
    const kept = events.takeFrom('h', lines, 'abc').map(({ text }) => text);
    assert.deepEqual(kept, ['hello', '::wherry::fff::{"event":"forged"}', '::wherry::abc::not json']);
  }
  assert.deepEqual(events.of('h'), [event]);
  assert.deepEqual(events.of('other'), []);
});
