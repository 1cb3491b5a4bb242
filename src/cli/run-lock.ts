import { randomBytes } from 'node:crypto';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { RunStore } from '../run/store.ts';
import { mirroredLock, type ObjectStore } from '../store/mirror.ts';
import { DEAD_AFTER_MS, type Driver, RunLock, takeRunLock } from '../store/run-lock.ts';
import { ok, type Result } from '../util/result.ts';
import { UsageError } from './command.ts';
import type { Host } from './host.ts';

/** How often the process that drives a run says that it lives, and hears whether it is asked to stop. */
const BEAT_MS = 2000;
const MIRRORED_BEAT_MS = 15_000;

/** The loop that drives a run asks more often than this whether it still may: else the machine has slept. */
const SLEPT_MS = 2 * MIRRORED_BEAT_MS;

/** The right to drive a run, on this machine and, where the run is mirrored, among all machines. */
export interface HeldLocks {
  /** Rises with every process that drives the run. */
  readonly epoch: number;
  readonly cancelRequested: boolean;
  /** Why this process must not drive it any longer, as far as is known; after a sleep it is asked for first. */
  lost(): Promise<ServiceTrouble | undefined>;
  release(): Promise<void>;
}

interface Places {
  /** Undefined where this machine has no records of the run. */
  readonly store: RunStore | undefined;
  /** Undefined where the run is not mirrored. */
  readonly mirror: ObjectStore | undefined;
}

export async function lockRun(runId: string, places: Places, host: Host): Promise<Result<HeldLocks, ServiceTrouble>> {
  const taken = await takeLocks(runId, places, host);
  if (!taken.ok) return taken;
  if ('process' in taken.value) throw new UsageError(alreadyDriven(runId, taken.value));
  return ok(taken.value);
}

/** The same, or who drives the run. */
export async function takeLocks(
  runId: string,
  { store, mirror }: Places,
  { self, isAlive, now }: Host,
): Promise<Result<HeldLocks | Driver, ServiceTrouble>> {
  const token = randomBytes(8).toString('hex');
  const held: RunLock[] = [];
  const places = [
    ...(store === undefined ? [] : [{ place: store.lockOf(runId), beatMs: BEAT_MS }]),
    ...(mirror === undefined ? [] : [{ place: mirroredLock(mirror, runId), beatMs: MIRRORED_BEAT_MS }]),
  ];
  for (const { place, beatMs } of places) {
    const taken = await takeRunLock(place, { self, token, isAlive, beatMs });
    if (taken.ok && taken.value instanceof RunLock) {
      held.push(taken.value);
      continue;
    }
    await releaseAll(held);
    return taken.ok ? ok(taken.value as Driver) : taken;
  }
  let askedAt = now();
  return ok({
    epoch: held.at(-1)?.epoch ?? 0,
    get cancelRequested() {
      return held.some((lock) => lock.cancelRequested);
    },
    lost: async () => {
      if (now() - askedAt > SLEPT_MS) await Promise.all(held.map((lock) => lock.beat()));
      askedAt = now();
      const thief = held.find((lock) => lock.lostTo !== undefined)?.lostTo;
      return thief && lostTo(runId, thief);
    },
    release: () => releaseAll(held),
  });
}

export function alreadyDriven(runId: string, { process, heardMs }: Driver): string {
  const seconds = Math.round(heardMs / 1000);
  const free = `where that process is dead, the run is free ${DEAD_AFTER_MS / 1000} s after it was last heard of, which was ${seconds} s ago`;
  return `run ${runId} is under way already: process ${process.pid} on ${process.host} drives it (${free}). See wherry status or wherry logs -f`;
}

function lostTo(runId: string, { pid, host }: Driver['process']): ServiceTrouble {
  return {
    kind: 'refused',
    service: 'the lock of the run',
    operation: runId,
    detail: `process ${pid} on ${host} has taken it over, as this one was not heard of for long`,
    help: `follow it with wherry logs -f ${runId}`,
  };
}

/** One after the other: whoever finds the last one free finds all free. */
async function releaseAll(held: readonly RunLock[]): Promise<void> {
  for (const lock of [...held].reverse()) await lock.release();
}
