import { Buckets, ECS_RATES } from './buckets.ts';
import { type Interference, interferenceOf, throttled } from './interference.ts';
import { isOperation, matches, type Subject } from './matcher.ts';
import type { FaultsFile, Where } from './schema.ts';
import { Trigger } from './trigger.ts';

/** A request as faults see it. Its tasks are looked up only where a fault asks for them. */
export interface Request {
  readonly operation: string;
  readonly subjects: () => readonly Subject[];
}

/** One fault of the file, and how often it matched and hit so far. */
interface Armed<Fault> {
  readonly fault: Fault;
  readonly trigger: Trigger;
}

const NONE: FaultsFile = { seed: 1, quota: {}, requests: [] };

/** What goes wrong because somebody wants it to. */
export class Faults {
  #file = NONE;
  #buckets = new Buckets({});
  #requests: Armed<FaultsFile['requests'][number]>[] = [];

  /** Puts these in place of those before, all counts at zero and all buckets full. */
  set(file: FaultsFile = NONE): void {
    this.#file = file;
    this.#buckets = new Buckets(file.rates === undefined ? {} : { ...ECS_RATES, ...file.rates });
    this.#requests = file.requests.map((fault, index) => ({
      fault,
      trigger: new Trigger(fault, `${file.seed}/requests/${index}`),
    }));
  }

  /** What happens to a request; nothing to most. The first fault that hits is taken, and those after it do not see it. */
  ofRequest(request: Request, now: number): Interference | undefined {
    if (!this.#buckets.takeForCall(request.operation, now)) return { isDone: false, answer: throttled() };
    const hit = this.#requests.find(({ fault, trigger }) => isMeant(fault, request) && trigger.fires());
    return hit && interferenceOf(hit.fault);
  }

  shown() {
    const counted = <Fault extends object>({ fault, trigger: { matched, hits } }: Armed<Fault>) => ({
      ...fault,
      matched,
      hits,
    });
    return { ...this.#file, requests: this.#requests.map(counted) };
  }
}

function isMeant(fault: { operation?: string[] | undefined; where?: Where | undefined }, request: Request): boolean {
  const { operation, where } = fault;
  if (operation && !operation.some((name) => isOperation(name, request.operation))) return false;
  return where === undefined || request.subjects().some((subject) => matches(where, subject));
}
