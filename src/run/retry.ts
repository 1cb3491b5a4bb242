import type { TaskSize } from '../model/plan.ts';
import type { AttemptRecord, Failure, Launch, Retry, RunPolicy, TaskRecord } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';

/**
 * Which of the policy's retries a failure uses. `once`: it is the user's to mend, but may have been an accident.
 * `room`: it needs what the run's own tasks give back when they end, and counts only where there are none.
 */
export type RetryClass = 'platform' | 'spot' | 'user' | 'memory' | 'once' | 'room' | 'never';

/** The only place that decides what is tried again, by who is to blame and why. */
export function retryClass({ reason, blame }: Failure, { spot }: Pick<Launch, 'spot'>): RetryClass {
  switch (reason) {
    case 'out-of-memory':
      return 'memory';
    case 'over-quota':
    case 'no-address':
      return 'room';
    case 'no-connection':
    case 'sidecar-ended':
      return 'once';
    case 'not-started':
      // What refuses to start for the user's settings will refuse again.
      return blame === 'user' ? 'never' : 'platform';
    case 'no-capacity':
    case 'interrupted':
      return spot ? 'spot' : 'platform';
    default:
      return blame === 'request' ? 'never' : blame;
  }
}

export interface RetryContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly policy: RunPolicy;
  /** Whether attempts at other tasks of the run hold what an attempt that failed for this reason lacks. */
  readonly othersHold: (reason: Failure['reason']) => boolean;
  /** The next larger size that the engine has; undefined at the largest. */
  readonly largerSize: (size: TaskSize) => TaskSize | undefined;
  /** From 0 to 1, the same for the same text. */
  readonly jitter: (text: string) => number;
}

/** What is tried next at a task whose last attempt failed; undefined: nothing. */
export function retryOf(task: TaskRecord, context: RetryContext): Retry | undefined {
  const last = task.attempts.at(-1);
  if (last?.failure === undefined) return undefined;
  const { failure, attempt } = last;
  const kind = retryClass(failure, last.launch);
  if (kind === 'room' && context.othersHold(failure.reason)) {
    // Refused outright it was no attempt: the same one is asked for once more.
    const next = last.handle === undefined ? attempt : attempt + 1;
    return { attempt: next, notBefore: context.now, because: failure.reason, launch: last.launch, counts: false };
  }
  const used = task.attempts.filter(
    ({ failure, launch, counts }) => counts && failure !== undefined && retryClass(failure, launch) === kind,
  ).length;
  const launch = nextLaunch(kind, used, last, context);
  if (launch === undefined) return undefined;
  const notBefore = context.now + pause(failure.reason, used) * spread(context, task.name, attempt);
  return { attempt: attempt + 1, notBefore, because: failure.reason, launch, counts: true };
}

/** How the next attempt is made, where the policy allows one after `used` failures of this kind. */
function nextLaunch(kind: RetryClass, used: number, { launch }: AttemptRecord, context: RetryContext) {
  const { retries } = context.policy;
  switch (kind) {
    case 'never':
      return undefined;
    case 'memory': {
      const larger = retries.oom === 'grow' ? context.largerSize(launch) : undefined;
      return larger && { ...launch, ...larger };
    }
    case 'spot':
      return used <= retries.spot ? launch : { ...launch, spot: false };
    case 'once':
      return used <= 1 ? launch : undefined;
    case 'user':
      return used <= retries.user ? launch : undefined;
    case 'platform':
    case 'room':
      return used <= retries.platform ? launch : undefined;
  }
}

/** First pause and factor, in milliseconds: what lasts minutes is not asked for every second. */
const PAUSES: Partial<Record<Failure['reason'], readonly [first: number, factor: number]>> = {
  'no-capacity': [15_000, 4],
  'over-quota': [60_000, 2],
  'no-address': [60_000, 2],
  'no-connection': [5000, 1],
  'out-of-memory': [0, 1],
  // Other capacity may be there at once; on demand it is.
  interrupted: [1000, 2],
};
const USUAL_PAUSE = [2000, 2] as const;
const LONGEST_PAUSE_MS = 10 * 60_000;

function pause(reason: Failure['reason'], used: number): number {
  const [first, factor] = PAUSES[reason] ?? USUAL_PAUSE;
  return Math.min(first * factor ** (used - 1), LONGEST_PAUSE_MS);
}

const FIRST_REPEAT_MS = 500;
const LONGEST_REPEAT_MS = 30_000;

/** The same attempt again, after a request that nobody answered: it may have been heard. */
export function repeatOf(
  task: TaskRecord,
  { attempt, launch, asks }: AttemptRecord,
  trouble: ServiceTrouble['kind'],
  context: Pick<RetryContext, 'now' | 'jitter'>,
): Retry {
  const wait = Math.min(FIRST_REPEAT_MS * 2 ** (asks - 1), LONGEST_REPEAT_MS);
  const notBefore = context.now + wait * spread(context, task.name, `${attempt}.${asks}`);
  return { attempt, notBefore, because: trouble, launch, counts: false };
}

/** Around 1, so that tasks that failed together do not all come back at once. */
function spread({ jitter }: Pick<RetryContext, 'jitter'>, task: string, attempt: number | string): number {
  return 0.75 + jitter(`${task}|${attempt}`) / 2;
}
