import { type AwsError, clientException } from '../aws-error.ts';
import { Buckets, ratesOf } from './buckets.ts';
import { type Fate, fateOf, VCPU_LIMIT } from './fate.ts';
import { type Interference, interferenceOf, throttled } from './interference.ts';
import { isLike, isOperation, matches, type Subject } from './matcher.ts';
import { S3_OPERATION_NAMES } from './s3-operation.ts';
import type { FaultsFile, RequestFault, TaskFault } from './schema.ts';
import { type Chance, Trigger } from './trigger.ts';

/** A request as faults see it. Its tasks are looked up only where a fault asks for them. */
export interface Request {
  readonly operation: string;
  readonly subjects: () => readonly Subject[];
  /** The URL of what a request to S3 is about; undefined of other services. */
  readonly object?: string;
}

/** One fault of the file, and how often it matched and hit so far. */
interface Armed<Fault> {
  readonly fault: Fault;
  readonly trigger: Trigger;
}

/** Tasks that RunTask would start, all on demand or all on Spot. */
export interface Launch {
  readonly isSpot: boolean;
  readonly count: number;
  readonly vcpu: number;
  /** What runs of this kind already. */
  readonly runningVcpu: () => number;
}

const NONE: FaultsFile = { seed: 1, quota: {}, requests: [], tasks: [] };

/** What goes wrong because somebody wants it to. */
export class Faults {
  readonly #region: string;
  #file = NONE;
  #buckets = new Buckets({});
  #requests: Armed<RequestFault>[] = [];
  #tasks: Armed<TaskFault>[] = [];

  constructor(region: string) {
    this.#region = region;
  }

  /** Puts these in place of those before, all counts at zero and all buckets full. */
  set(file: FaultsFile = NONE): void {
    this.#file = file;
    this.#buckets = new Buckets(file.rates === undefined ? {} : { ...ratesOf(this.#region), ...file.rates });
    const armed = <Fault extends Chance>(list: 'requests' | 'tasks', faults: readonly Fault[]): Armed<Fault>[] =>
      faults.map((fault, index) => ({ fault, trigger: new Trigger(fault, `${file.seed}/${list}/${index}`) }));
    this.#requests = armed('requests', file.requests);
    this.#tasks = armed('tasks', file.tasks);
  }

  /** What happens to a request; nothing to most. The first fault that hits is taken, and those after it do not see it. */
  ofRequest(request: Request, now: number): Interference | undefined {
    if (!this.#buckets.takeForCall(request.operation, now)) return { isDone: false, answer: throttled() };
    const hit = this.#requests.find(({ fault, trigger }) => isMeant(fault, request) && trigger.fires());
    return hit && interferenceOf(hit.fault, request.operation);
  }

  /** Whether any of them is meant for S3, whose server then asks. */
  get areForS3(): boolean {
    return this.#requests.some(({ fault }) => isForS3(fault));
  }

  /** Why these may not be started now, by rate or quota. */
  ofLaunch({ isSpot, count, vcpu, runningVcpu }: Launch, now: number): AwsError | undefined {
    const quota = isSpot ? this.#file.quota.spot : this.#file.quota.onDemand;
    if (quota !== undefined && runningVcpu() + vcpu > quota) return clientException(VCPU_LIMIT);
    return this.#buckets.takeForLaunch({ isSpot, count }, now) ? undefined : throttled();
  }

  /** All that hit it; where two say how the same shall go, the first. */
  ofTask(subject: Subject): Fate {
    const hit = this.#tasks.filter(
      ({ fault, trigger }) => (fault.where === undefined || matches(fault.where, subject)) && trigger.fires(),
    );
    return Object.assign({}, ...hit.reverse().map(({ fault }) => fateOf(fault)));
  }

  shown() {
    const counted = <Fault extends object>({ fault, trigger: { matched, hits } }: Armed<Fault>) => ({
      ...fault,
      matched,
      hits,
    });
    return { ...this.#file, requests: this.#requests.map(counted), tasks: this.#tasks.map(counted) };
  }
}

type Meant = Pick<RequestFault, 'operation' | 'where' | 'object'>;

/** S3 is meant only where it is named. */
const isForS3 = ({ operation = [], object }: Meant): boolean =>
  object !== undefined || operation.some((wanted) => S3_OPERATION_NAMES.some((name) => isOperation(wanted, name)));

function isMeant(fault: Meant, request: Request): boolean {
  const { operation, where, object } = fault;
  if (request.object !== undefined && !isForS3(fault)) return false;
  if (operation && !operation.some((wanted) => isOperation(wanted, request.operation))) return false;
  if (!isLike(object, request.object)) return false;
  return where === undefined || request.subjects().some((subject) => matches(where, subject));
}
