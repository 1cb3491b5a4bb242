import assert from 'node:assert/strict';
import type { Plan, TaskSize } from '../../src/model/plan.ts';
import type { AttemptEnd, Failure, Launch, RunEvent, RunPolicy } from '../../src/model/run.ts';
import { RunFold } from '../../src/run/fold.ts';
import { type Action, reconcile } from '../../src/run/reconcile.ts';
import { repeatOf } from '../../src/run/retry.ts';

/** What becomes of an attempt: it runs for so long and ends well or with a failure, or is refused, or nobody answers. */
export type Fate =
  | { readonly kind: 'runs'; readonly ms: number; readonly failure?: Failure | undefined }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** The first asking is not answered; `isHeard`: it starts all the same. */
  | { readonly kind: 'unanswered'; readonly isHeard: boolean };

export interface World {
  readonly policy: RunPolicy;
  readonly capacity: number;
  /** How many attempts the account takes at once. */
  readonly quota: number;
  readonly fate: (task: string, attempt: number) => Fate;
  readonly largerSize?: (size: TaskSize) => TaskSize | undefined;
  /** When the user presses Ctrl-C. */
  readonly cancelAt?: number | undefined;
}

interface Running {
  readonly task: string;
  readonly attempt: number;
  endsAt: number;
  end: AttemptEnd;
}

const OVER_QUOTA: Failure = { reason: 'over-quota', blame: 'user', detail: 'no more vCPUs' };
const WELL: AttemptEnd = { exitCode: 0, failure: undefined, times: {} };
const ended = (failure: Failure | undefined): AttemptEnd =>
  failure === undefined ? WELL : { exitCode: 1, failure, times: {} };

/** Plays a run by the actions of `reconcile` alone, in virtual time, and holds what must always hold. */
export class SimulatedRun {
  readonly fold: RunFold;
  readonly started: { task: string; attempt: number; at: number; launch: Launch }[] = [];
  now = 0;
  state: string | undefined;
  readonly #plan: Plan;
  readonly #world: World;
  /** What really runs, by attempt. */
  readonly #running = new Map<string, Running>();
  readonly #asked = new Set<string>();

  constructor(plan: Plan, world: World) {
    this.#plan = plan;
    this.#world = world;
    this.fold = new RunFold('run', plan);
  }

  play(): this {
    const { policy, capacity, cancelAt = Number.POSITIVE_INFINITY } = this.#world;
    const { tasks, live, retrying } = this.fold;
    for (let step = 0; step < 5000 && this.state === undefined; step++) {
      if (this.now >= cancelAt && !this.fold.cancelRequested) this.#apply({ event: 'cancel-requested' });
      const { ceiling, cancelRequested } = this.fold;
      const context = { now: this.now, policy, largerSize: this.#world.largerSize ?? (() => undefined), jitter };
      const actions = reconcile(this.#plan, { tasks, live, ceiling, cancelRequested, capacity, ...context });
      for (const action of actions) this.#perform(action);
      if (actions.some(({ action }) => action !== 'stop')) continue;
      const due = [...retrying].map((task) => tasks.get(task)?.retry?.notBefore ?? 0);
      const ends = [...this.#running.values()].map(({ endsAt }) => endsAt);
      const next = Math.min(...[...due, ...ends, cancelAt].filter((instant) => instant > this.now), this.now + 60_000);
      this.now = next;
      this.#endDue();
    }
    assert.ok(this.state !== undefined, 'the run never ended');
    assert.equal(this.#running.size, 0, 'the run ended and something still runs');
    return this;
  }

  #perform(action: Action): void {
    switch (action.action) {
      case 'finish':
        this.state = action.state;
        break;
      case 'skip':
        this.#apply({ event: 'task-skipped', task: action.task, because: action.because });
        break;
      case 'retry':
        this.#apply({ event: 'retry-due', task: action.task, ...action.retry });
        break;
      case 'stop': {
        this.#apply({ event: 'stop-requested', task: action.task, attempt: action.attempt, because: action.because });
        const running = this.#running.get(action.handle);
        if (running === undefined) break;
        running.endsAt = Math.min(running.endsAt, this.now + 1000);
        const isTimeout = action.because === 'timed-out';
        const failure: Failure = isTimeout
          ? { reason: 'timed-out', blame: 'user', detail: '' }
          : { reason: 'cancelled', blame: 'request', detail: '' };
        running.end = ended(failure);
        break;
      }
      case 'start':
        this.#ask(action);
        break;
    }
  }

  #ask({ task, attempt, launch }: Extract<Action, { action: 'start' }>): void {
    this.#apply({ event: 'attempt-starting', task, attempt, launch });
    const handle = `${task}/${attempt}`;
    const fate = this.#world.fate(task, attempt);
    const isFirst = !this.#asked.has(handle);
    this.#asked.add(handle);
    const refusal = fate.kind === 'refused' ? fate.failure : this.#isFull(handle) ? OVER_QUOTA : undefined;
    if (fate.kind === 'unanswered' && isFirst) {
      if (refusal === undefined && fate.isHeard) this.#begin(handle, { task, attempt, launch }, fate);
      this.#goUnanswered(task);
    } else if (refusal === undefined) {
      this.#begin(handle, { task, attempt, launch }, fate);
      this.#apply({ event: 'attempt-started', task, attempt, handle });
      if (fate.kind !== 'runs' || fate.failure?.reason !== 'no-address')
        this.#apply({ event: 'attempt-running', task, attempt, startedAt: this.now });
    } else this.#apply({ event: 'attempt-stopped', task, attempt, ...ended(refusal) });
  }

  #goUnanswered(task: string): void {
    const record = this.fold.tasks.get(task);
    const last = record?.attempts.at(-1);
    assert.ok(record !== undefined && last !== undefined);
    this.#apply({ event: 'retry-due', task, ...repeatOf(record, last, 'unreachable', { now: this.now, jitter }) });
  }

  #isFull(handle: string): boolean {
    return !this.#running.has(handle) && this.#running.size >= this.#world.quota;
  }

  #begin(handle: string, spec: { task: string; attempt: number; launch: Launch }, fate: Fate): void {
    if (this.#running.has(handle)) return;
    for (const { task } of this.#running.values())
      assert.notEqual(task, spec.task, `two attempts at ${task} are under way`);
    for (const { task, attempt } of this.started)
      assert.ok(task !== spec.task || attempt !== spec.attempt, `${handle} was started twice`);
    this.started.push({ ...spec, at: this.now });
    const endsAt =
      fate.kind === 'hangs' ? Number.POSITIVE_INFINITY : this.now + (fate.kind === 'runs' ? fate.ms : 1000);
    this.#running.set(handle, { ...spec, endsAt, end: ended(fate.kind === 'runs' ? fate.failure : undefined) });
    assert.ok(this.#running.size <= this.#world.capacity, 'more attempts under way than the engine takes');
  }

  #endDue(): void {
    for (const [handle, { task, attempt, endsAt, end }] of this.#running) {
      // While its handle is unknown nobody sees it end.
      const isKnown = this.fold.tasks.get(task)?.attempts.at(-1)?.handle === handle;
      if (endsAt > this.now || !isKnown) continue;
      this.#running.delete(handle);
      this.#apply({ event: 'attempt-stopped', task, attempt, ...end });
    }
  }

  #apply(event: Record<string, unknown>): void {
    this.fold.apply({ at: new Date(this.now).toISOString(), ...event } as RunEvent);
  }
}

function jitter(text: string): number {
  return (text.length % 10) / 10;
}
