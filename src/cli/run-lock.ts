import { randomBytes } from 'node:crypto';
import type { RunStore } from '../run/store.ts';
import { type Driven, RunLock, takeRunLock } from '../store/run-lock.ts';
import { UsageError } from './command.ts';
import type { Host } from './host.ts';

/** How often the process that drives a run says that it lives, and hears whether it is asked to stop. */
const BEAT_MS = 2000;

/** Takes the right to drive a run, which one process has at a time. */
export async function lockRun(runId: string, store: RunStore, host: Host): Promise<RunLock> {
  const { self, isAlive } = host;
  const token = randomBytes(8).toString('hex');
  const lock = await takeRunLock(store.lockOf(runId), { self, token, isAlive, beatMs: BEAT_MS });
  if (lock instanceof RunLock) return lock;
  throw new UsageError(`run ${runId} is under way already: ${whoThatIs(lock)}. See wherry status or wherry logs -f`);
}

function whoThatIs({ by }: Driven): string {
  return `process ${by?.pid} on ${by?.host} drives it`;
}
