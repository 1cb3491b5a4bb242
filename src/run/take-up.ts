import type { AttemptState, RunEvent, TaskRecord } from '../model/run.ts';
import { isPassing, type ServiceTrouble } from '../model/trouble.ts';
import { ok, type Result } from '../util/result.ts';
import { attemptSpec } from './attempt-spec.ts';
import type { Contact } from './contact.ts';
import { observeAll, recordObservation, underWay, type Watch } from './observe-all.ts';
import type { RunRecorder } from './store.ts';

/** How a run is taken up that nobody drives any more. */
export interface Resumption {
  readonly past: readonly RunEvent[];
  /** Those of them that another machine has recorded, of a run that this one had driven before: the logs are there. */
  readonly unseen: readonly RunEvent[];
  /** Whether tasks of which nobody knows how they ended may run again. */
  readonly rerunUnknown: boolean;
  /** Only until what is under way has stopped: nothing runs again. */
  readonly toCancel: boolean;
  /** The lines of an attempt's log that are kept already. */
  readonly keptLines: RunRecorder['keptLines'];
}

interface Surroundings extends Watch {
  readonly contact: Contact;
  readonly cancel: { readonly aborted: boolean };
  readonly sleep: (ms: number) => Promise<void>;
}

const PAUSE_MS = 500;

/**
 * Finds out what has become of the attempts that were under way when the last process was gone, and lets wait again what
 * has ended badly, seen by that process or by nobody.
 */
export async function takeUp(resumption: Resumption, around: Surroundings): Promise<Result<void, ServiceTrouble>> {
  const { fold, session, record, sleep } = around;
  const attached = await Promise.all([...fold.tasks.values()].map((task) => attach(task, resumption, around)));
  const trouble = attached.find((result) => !result.ok);
  if (trouble !== undefined) return trouble;
  for (const ended of notReadHere(resumption)) await readRest(ended, resumption, around);
  const asked = new Set<string>();
  for (;;) {
    const observed = await patiently(() => observeAll(around), around);
    if (!observed.ok) return observed;
    // What was being cancelled is not taken up again before it has stopped.
    if (!fold.cancelRequested || underWay(fold).size === 0) break;
    for (const handle of underWay(fold).keys()) {
      if (asked.has(handle)) continue;
      const stopped = await session.stop(handle, 'the run was cancelled');
      if (!stopped.ok && !isPassing(stopped.error)) return stopped;
      if (stopped.ok) asked.add(handle);
    }
    await sleep(PAUSE_MS);
  }
  const again = [...fold.tasks.values()].filter((task) => !resumption.toCancel && runsAgain(task, resumption));
  await record({ event: 'run-resumed', again: again.map(({ name }) => name) });
  return ok(undefined);
}

/** What passes by itself is waited for as in any run; what does not, the user hears at once. */
async function patiently<T>(
  ask: () => Promise<Result<T, ServiceTrouble>>,
  { contact, cancel, sleep }: Surroundings,
): Promise<Result<T, ServiceTrouble>> {
  for (;;) {
    const answer = await ask();
    if (answer.ok) contact.answered();
    else contact.failed(answer.error);
    if (answer.ok || !isPassing(answer.error) || contact.lost !== undefined || cancel.aborted) return answer;
    await sleep(PAUSE_MS);
  }
}

function runsAgain({ state }: TaskRecord, { rerunUnknown }: Resumption): boolean {
  return state === 'failed' || state === 'cancelled' || state === 'skipped' || (state === 'unknown' && rerunUnknown);
}

/** How long before its own end a process may have seen that of an attempt, and not have read its log to the end. */
const UNREAD_MS = 60_000;

const UNDER_WAY: ReadonlySet<AttemptState> = new Set(['starting', 'pending', 'running']);

type Stopped = Extract<RunEvent, { event: 'attempt-stopped' }>;

/** The attempts of whose logs lines may be missing on this machine. A run that has ended has read all logs first. */
function notReadHere({ past, unseen }: Resumption): Stopped[] {
  const last = past.at(-1);
  const elsewhere = new Set(unseen);
  return past.filter((event): event is Stopped => {
    if (event.event !== 'attempt-stopped' || last === undefined) return false;
    const isLate = last.event !== 'run-stopped' && Date.parse(last.at) - Date.parse(event.at) < UNREAD_MS;
    return isLate || elsewhere.has(event);
  });
}

async function readRest({ task, attempt }: Stopped, { keptLines }: Resumption, around: Surroundings): Promise<void> {
  const { fold, session, followers } = around;
  const owner = fold.tasks.get(task);
  const record = owner?.attempts.find((one) => one.attempt === attempt);
  // What was refused may have been asked for anew, and be under way.
  if (owner === undefined || record?.handle === undefined || UNDER_WAY.has(record.state)) return;
  const { handle, askedAt, steps } = record;
  const attached = await session.attach(attemptSpec(owner, record), { handle, askedAt, isOver: true });
  if (!attached.ok || 'state' in attached.value) return;
  followers.follow(handle, { task, attempt, kept: { lines: await keptLines(task, attempt), events: steps } });
  followers.ended(handle);
}

async function attach(
  task: TaskRecord,
  { keptLines }: Resumption,
  around: Surroundings,
): Promise<Result<void, ServiceTrouble>> {
  const last = task.attempts.at(-1);
  if (last === undefined || !around.fold.live.has(task.name)) return ok(undefined);
  const spec = attemptSpec(task, last);
  const earlier = { handle: last.handle, askedAt: last.askedAt };
  const attached = await patiently(() => around.session.attach(spec, earlier), around);
  if (!attached.ok) return attached;
  if ('state' in attached.value) {
    await recordObservation(task.name, attached.value, around);
    return ok(undefined);
  }
  const { handle } = attached.value;
  const { attempt } = spec;
  if (last.handle === undefined) await around.record({ event: 'attempt-started', task: task.name, attempt, handle });
  const kept = { lines: await keptLines(task.name, attempt), events: last.steps };
  around.followers.follow(handle, { task: task.name, attempt, kept });
  return ok(undefined);
}
