import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptRecord, Failure, RunState, TaskRecord } from '../../model/run.ts';
import type { RunStore } from '../../run/store.ts';
import type { GlobalOptions } from '../command.ts';
import { describeFailures } from './failures.ts';
import { triesOf } from './tries.ts';

/** What is said of a run whose task failed so and left these lines. */
async function said(failure: Failure, texts: readonly string[]): Promise<string> {
  const attempts = [{ attempt: 1, launch: { spot: false, vcpu: 1, memoryMiB: 2048 }, failure } as AttemptRecord];
  const task: Partial<TaskRecord> = { name: 'clean', state: 'failed', attempts };
  const state: Partial<RunState> = { runId: 'r', tasks: [task as TaskRecord] };
  const readLog: RunStore['readLog'] = async () => ({ lines: texts.map((text) => ({ at: 0, text })), end: 0 });
  return (await describeFailures(state as RunState, { readLog } as RunStore, {} as GlobalOptions)).join('');
}

test('the end of a run names a container beside the main one that took the task with it', async () => {
  const failure: Failure = {
    reason: 'sidecar-ended',
    blame: 'user',
    container: 'proxy',
    exitCode: 1,
    detail: 'Essential container in task exited',
  };
  assert.match(await said(failure, []), /as the container 'proxy' beside it had ended with exit status 1 \(Essential/);
});

test('the end of a run points to the log of a failed task where it left one, and else to what goes on', async () => {
  const failure: Failure = { reason: 'not-started', blame: 'user', detail: 'no such image' };
  assert.match(await said(failure, ['a line']), /next: wherry logs r clean$/m);
  const without = await said(failure, []);
  assert.doesNotMatch(without, /wherry logs|last lines/);
  assert.match(without, /next: wherry resume r, once that is mended$/m);
});

test('the end of a run says once what several attempts have met', () => {
  const launch = { spot: false, vcpu: 1, memoryMiB: 2048 };
  const tries = (...details: string[]) =>
    triesOf({
      name: 'clean',
      attempts: details.map((detail, index) => {
        return { attempt: index + 1, launch, failure: { reason: 'not-started', blame: 'platform', detail } };
      }),
    } as unknown as TaskRecord);
  assert.deepEqual(tries('pull', 'pull', 'address', 'pull'), [
    '  attempts 1 to 2, 1 vCPU, 2 GiB: not started: the same',
    '  attempt 3, 1 vCPU, 2 GiB: not started: address',
  ]);
  assert.deepEqual(tries('pull'), []);
});

test('the end of a run says how much memory a task had that ran out of it', async () => {
  const failure: Failure = { reason: 'out-of-memory', blame: 'user', exitCode: 137, detail: 'OutOfMemoryError' };
  assert.match(await said(failure, []), /'clean' failed: it ran out of its 2 GiB of memory \(OutOfMemoryError\)/);
});
