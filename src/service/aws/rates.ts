/** What a run may take of an account's rates, which all that use the account share. */
interface Bucket {
  /** Calls at once. */
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * About half of what AWS gives an account and region (docs/adr/0011-rates.md). Sources: Amazon ECS API reference, "Request throttling";
 * CloudWatch Logs quotas (FilterLogEvents: 5 a second in eu-central-1, 10 in most others).
 */
const BUCKETS: Readonly<Record<string, Bucket>> = {
  RunTask: { burst: 20, perSecond: 10 },
  StopTask: { burst: 20, perSecond: 10 },
  DescribeTasks: { burst: 20, perSecond: 6 },
  ListTasks: { burst: 10, perSecond: 5 },
  FilterLogEvents: { burst: 3, perSecond: 3 },
};
const OTHERS: Bucket = { burst: 10, perSecond: 1 };

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Resolves when a call of this operation may be made. */
export type Limiter = (operation: string) => Promise<void>;

/** Calls over their rate wait, each in its turn. */
export function limiter({ now, sleep }: Clock): Limiter {
  /** When each bucket would be full if no more was taken; it is in the past where it is. */
  const fullAt = new Map<string, number>();
  return async (operation) => {
    const { burst, perSecond } = BUCKETS[operation] ?? OTHERS;
    const taken = Math.max(fullAt.get(operation) ?? 0, now()) + 1000 / perSecond;
    fullAt.set(operation, taken);
    const wait = taken - (burst * 1000) / perSecond - now();
    if (wait > 0) await sleep(wait);
  };
}
