import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepEvent } from '../../model/step-event.ts';
import type { S3Service } from '../../service/aws/s3.ts';
import { ok } from '../../util/result.ts';
import { endByMarker } from './markers.ts';

const RAISED = { event: 'node-failed', node: 'fit', exception: 'ValueError', message: 'odd' } as StepEvent;

/** What is said of attempt 2, where its step has left these objects. */
async function endOf(
  objects: Readonly<Record<string, object>>,
  { spill }: { spill?: string } = { spill: 's3://b/spill' },
) {
  const get: S3Service['get'] = async (url) => {
    const content = objects[url.slice('s3://b/spill/runs/r/tasks/t/'.length)];
    return ok(content && JSON.stringify(content));
  };
  const end = await endByMarker({ task: 't', attempt: 2 }, { s3: { get } as S3Service, spill, runId: 'r' }, [RAISED]);
  assert.ok(end.ok);
  const { exitCode, failure, times } = end.value;
  return [failure?.reason, exitCode, times.stoppedAt];
}

const at = '2026-11-25T03:00:00.000Z';
const failed = (attempt: number, exitCode: number) => ({ attempt, claim: 'x', exitCode, failedAt: at });
const claim = { token: 'x' };
const UNKNOWN = ['unknown', undefined, undefined];

test('a task that ECS has forgotten is done by its marker, whatever else is there', async () => {
  const done = { finishedAt: at };
  assert.deepEqual(await endOf({ 'done.json': done, 'failed.json': failed(2, 1), 'claim.json': claim }), [
    undefined,
    0,
    Date.parse(at),
  ]);
});

test('a task that ECS has forgotten has failed as its step says, if no other container has taken it since', async () => {
  const said = (attempt: number, exitCode: number) => ({
    'failed.json': failed(attempt, exitCode),
    'claim.json': claim,
  });
  assert.deepEqual(await endOf(said(2, 1)), ['node-raised', 1, Date.parse(at)]);
  // A later attempt, of which these records know nothing: what this one reported explains nothing.
  assert.deepEqual(await endOf(said(3, 1)), ['exit-nonzero', 1, Date.parse(at)]);
  assert.deepEqual(await endOf(said(2, 143)), ['cancelled', 143, Date.parse(at)]);
  assert.deepEqual(await endOf(said(1, 1)), UNKNOWN, 'an earlier attempt has failed');
  assert.deepEqual(await endOf({ ...said(2, 1), 'claim.json': { token: 'y' } }), UNKNOWN, 'another has taken it');
});

test('a task that ECS has forgotten is unknown where nothing says how it ended, or nothing could', async () => {
  assert.deepEqual(await endOf({ 'claim.json': claim }), UNKNOWN);
  assert.deepEqual(await endOf({ 'done.json': { finishedAt: at } }, {}), UNKNOWN);
});
