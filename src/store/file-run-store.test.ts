import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import { fileRunStore } from './file-run-store.ts';

const plan = { planHash: 'abc', tasks: [] } as unknown as Plan;
const launch: LaunchRecord = {
  version: 1,
  wherry: '0',
  host: 'here',
  engine: 'local',
  saveVersion: 'v',
  policy: { retries: { platform: 3, spot: 2, user: 0, oom: 'fail' }, timeoutMs: 1000, spot: false },
  frozen: { python: 'p' },
};

test('run store: what was recorded is read back, newest run first, and a line cut off by a crash is no event', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-store-'));
  const store = fileRunStore(folder);
  assert.deepEqual(await store.list(), []);
  const recorder = await store.create('20260101T000000-aaaaaa', plan, launch);
  await store.create('20260102T000000-bbbbbb', plan, launch);
  await recorder.append({ at: 'now', event: 'cancel-requested' });
  await recorder.appendLog('train', 1, [
    { at: 0, text: 'first  line ' },
    { at: 1, text: '' },
  ]);
  await appendFile(join(folder, '20260101T000000-aaaaaa', 'events.jsonl'), '{"at":"now","eve');
  assert.deepEqual(await store.list(), ['20260102T000000-bbbbbb', '20260101T000000-aaaaaa']);
  const read = await store.read('20260101T000000-aaaaaa');
  assert.deepEqual(read?.events, [{ at: 'now', event: 'cancel-requested' }]);
  assert.deepEqual(read?.plan, plan);
  assert.deepEqual(read?.launch, launch);
  const page = await store.readLog('20260101T000000-aaaaaa', 'train', 1);
  assert.deepEqual(page.lines, [
    { at: 0, text: 'first  line ' },
    { at: 1, text: '' },
  ]);
  await appendFile(join(folder, '20260101T000000-aaaaaa', 'logs', 'train-1.log'), '1970-01-01T00:00:00.002Z hal');
  await recorder.appendLog('train', 1, [{ at: 3, text: 'f é' }]);
  const next = await store.readLog('20260101T000000-aaaaaa', 'train', 1, page.end);
  assert.equal(next.lines.length, 1, 'a page starts where the one before ended');
  assert.deepEqual((await store.readLog('20260101T000000-aaaaaa', 'train', 1, next.end)).lines, []);
  assert.equal(await store.read('20269999T000000-cccccc'), undefined);
  await rm(folder, { recursive: true });
});

test('run store: after a machine went down the record ends at the last whole event, and what could not be read is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-store-'));
  const store = fileRunStore(folder);
  const [run, other] = ['20260101T000000-aaaaaa', '20260102T000000-bbbbbb'];
  const recorder = await store.create(run, plan, launch);
  const event = { at: 'é', event: 'cancel-requested' } as const;
  await recorder.append(event);
  await appendFile(join(folder, run, 'events.jsonl'), '\0\0\0\n{"at":"now","event":"cancel-requested"}\n{"at":"n');
  assert.deepEqual((await store.read(run))?.events, [event]);
  const again = await store.reopen(run);
  await again.append(event);
  assert.deepEqual((await store.read(run))?.events, [event, event]);
  await store.create(other, plan, launch);
  await writeFile(join(folder, other, 'plan.json'), '');
  assert.equal(await store.read(other), undefined);
  await rm(folder, { recursive: true });
});
