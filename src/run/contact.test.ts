import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceTrouble } from '../model/trouble.ts';
import { Contact } from './contact.ts';

const MINUTE_MS = 60_000;

/** A service that fails so, again and again; how many minutes passed before it was given up, at most `minutes`. */
function givenUpAfter(minutes: number, kind: ServiceTrouble['kind'], pauseMs = MINUTE_MS / 2) {
  let now = 1_000_000;
  const begun = now;
  const told: string[] = [];
  const contact = new Contact(
    () => now,
    ({ detail }) => told.push(detail),
  );
  const fail = () =>
    contact.failed({ kind, service: 'Amazon ECS', operation: 'DescribeTasks', detail: kind, help: '' });
  for (; contact.lost === undefined && now - begun < minutes * MINUTE_MS; now += pauseMs) fail();
  return { after: Math.floor((now - begun) / MINUTE_MS), isLost: contact.lost !== undefined, told, contact, fail };
}

test('contact: a service that is silent for ten minutes is lost, and any answer gives it ten more', () => {
  const { after, isLost, told, contact, fail } = givenUpAfter(60, 'unreachable');
  assert.deepEqual([after, isLost, told], [10, true, ['unreachable']]);
  contact.answered();
  fail();
  assert.equal(contact.lost, undefined);
});

test('contact: who is throttled is answered, and never loses touch by it', () => {
  assert.deepEqual(givenUpAfter(24 * 60, 'throttled').isLost, false);
});

test('contact: a machine that was asleep for a night has not lost touch when it wakes', () => {
  const night = 8 * 60 * MINUTE_MS;
  assert.equal(givenUpAfter(24 * 60, 'unreachable', night).isLost, false);
});
