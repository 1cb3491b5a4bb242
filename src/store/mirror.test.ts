import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { failed, ok } from '../util/result.ts';
import type { EventMirror } from './event-mirror.ts';
import { beginMirror, mirroredRuns, newerEvents, type ObjectStore, readMirror } from './mirror.ts';

const AWAY: ServiceTrouble = { kind: 'unreachable', service: 'S3', operation: 'PutObject', detail: 'gone', help: '' };
const RUN = '20260101T000000-aaaaaa';
const plan = { planHash: 'abc' } as Plan;
const launch = { wherry: '0' } as LaunchRecord;

function objectsInMemory() {
  const kept = new Map<string, string>();
  const faults = { puts: 0 };
  const objects: ObjectStore = {
    get: async (key) => ok(kept.get(key)),
    put: async (key, text) => (faults.puts-- > 0 ? failed(AWAY) : ok(void kept.set(key, text))),
    list: async (prefix) => ok([...kept.keys()].filter((key) => key.startsWith(prefix))),
    remove: async (keys) => ok(keys.forEach((key) => void kept.delete(key))),
    listFolders: async (prefix) =>
      ok([
        ...new Set(
          [...kept.keys()].flatMap((key) =>
            key.startsWith(prefix) ? (key.slice(prefix.length).split('/')[0] ?? '') : [],
          ),
        ),
      ]),
    versioned: () => ({ read: async () => ok(undefined), write: async () => ok(undefined) }),
  };
  return { kept, faults, objects };
}

const event = (task: string): RunEvent => ({ at: 'now', event: 'task-skipped', task, because: '' });
const tasksOf = (events: readonly RunEvent[]) => events.map((event) => ('task' in event ? event.task : ''));

async function begin(objects: ObjectStore, epoch: number, events: readonly RunEvent[]): Promise<EventMirror> {
  const begun = await beginMirror(objects, RUN, { plan, launch, events, epoch });
  assert.ok(begun.ok);
  return begun.value;
}

async function tasksRead(objects: ObjectStore): Promise<string[]> {
  const read = await readMirror(objects, RUN);
  assert.ok(read.ok);
  return tasksOf(read.value?.events ?? []);
}

test('mirror: what an owner wrote is read back, with plan and launch record, and runs are listed', async () => {
  const { objects } = objectsInMemory();
  assert.deepEqual(await readMirror(objects, RUN), ok(undefined));
  const mirror = await begin(objects, 1, [event('a')]);
  mirror.append(event('b'));
  await mirror.flush();
  assert.deepEqual(await readMirror(objects, RUN), ok({ plan, launch, events: [event('a'), event('b')] }));
  await objects.put('runs/scheduled--2026/x', '');
  assert.deepEqual(await mirroredRuns(objects), ok([RUN]));
});

test('mirror: what an owner writes that has lost its lock without knowing is not read', async () => {
  const { objects } = objectsInMemory();
  const zombie = await begin(objects, 1, []);
  zombie.append(event('a'));
  await zombie.flush();
  const next = await begin(objects, 2, [event('a')]);
  zombie.append(event('not any more'));
  next.append(event('b'));
  await Promise.all([zombie.flush(), next.flush()]);
  assert.deepEqual(await tasksRead(objects), ['a', 'b']);
});

test('mirror: a long log is put in parts, each event once and in order', async () => {
  const { kept, objects } = objectsInMemory();
  const mirror = await begin(objects, 1, []);
  const names = Array.from({ length: 5000 }, (_, index) => `task-${index}`);
  for (const [index, name] of names.entries()) {
    mirror.append(event(name));
    if (index % 700 === 0) await mirror.flush();
  }
  await mirror.flush();
  assert.deepEqual(await tasksRead(objects), names);
  assert.ok([...kept.keys()].filter((key) => key.includes('/events/')).length > 3);
});

test('mirror: what could not be put is put later, and nothing is lost', async () => {
  const { faults, objects } = objectsInMemory();
  const mirror = await begin(objects, 1, []);
  faults.puts = 2;
  const names = Array.from({ length: 3000 }, (_, index) => `task-${index}`);
  for (const name of names) mirror.append(event(name));
  await mirror.flush();
  assert.equal(mirror.trouble, AWAY);
  await mirror.flush();
  await mirror.flush();
  assert.equal(mirror.trouble, undefined);
  assert.deepEqual(await tasksRead(objects), names);
});

test('mirror: events are put without being asked for, many in one put', async () => {
  const { kept, objects } = objectsInMemory();
  const mirror = await begin(objects, 1, []);
  let puts = 0;
  const put = objects.put;
  objects.put = (key, text) => {
    puts++;
    return put(key, text);
  };
  for (let index = 0; index < 50; index++) mirror.append(event(`task-${index}`));
  while (kept.get(`runs/${RUN}/events/000001-000001.jsonl`) === undefined) await sleep(20);
  assert.equal((await tasksRead(objects)).length, 50);
  assert.equal(puts, 1);
});

test('newer events: a mirror that lags counts less than its owner, one that another machine has written more', () => {
  const [a, b, c] = [event('a'), event('b'), event('c')];
  assert.deepEqual(newerEvents([a, b], [a]), [a, b]);
  assert.deepEqual(newerEvents([a], [a, b]), [a, b]);
  assert.deepEqual(newerEvents([a, b], [a, c]), [a, c]);
});
