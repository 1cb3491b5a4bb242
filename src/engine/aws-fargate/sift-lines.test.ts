import assert from 'node:assert/strict';
import { test } from 'node:test';
import { siftLines } from './sift-lines.ts';

test('sift lines: lines with the nonce are events; all others are the user’s', () => {
  const event = { event: 'node-started', node: 'a', at: '', task: 't', attempt: 1 };
  const lines = [
    'hello',
    `::wherry::abc::${JSON.stringify(event)}`,
    '::wherry::fff::{"event":"forged"}',
    '::wherry::abc::not json',
  ].map((text) => ({ at: 1, text }));
  const sifted = siftLines(lines, 'abc');
  assert.deepEqual(
    sifted.lines.map(({ text }) => text),
    ['hello', '::wherry::fff::{"event":"forged"}', '::wherry::abc::not json'],
  );
  assert.deepEqual(sifted.events, [event]);
});
