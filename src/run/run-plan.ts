import { type Attached, type EngineSession, type LogLine, refused } from '../engine/engine.ts';
import type { Plan, TaskSize } from '../model/plan.ts';
import type { Prices, RunEvent, RunPolicy, RunState } from '../model/run.ts';
import { isPassing, type ServiceTrouble } from '../model/trouble.ts';
import { failed, ok, type Result } from '../util/result.ts';
import { attemptSpec } from './attempt-spec.ts';
import { Bell } from './bell.ts';
import { Contact } from './contact.ts';
import { RunFold } from './fold.ts';
import { LogFollowers } from './log-followers.ts';
import { observeAll, recordObservation, underWay, type Watch } from './observe-all.ts';
import { pauseAfter, pollPause } from './poll-pause.ts';
import { type Action, reconcile, timeoutOf } from './reconcile.ts';
import type { Undated } from './record.ts';
import { repeatOf } from './retry.ts';
import type { RunRecorder } from './store.ts';
import { type Resumption, takeUp } from './take-up.ts';

/** What happens while a run is under way, for whoever shows it. */
export type Progress =
  | { readonly kind: 'event'; readonly event: RunEvent; readonly state: () => RunState }
  | { readonly kind: 'log'; readonly task: string; readonly lines: readonly LogLine[] }
  /** A service does not answer; said once until it does. */
  | { readonly kind: 'trouble'; readonly trouble: ServiceTrouble };

export interface RunContext {
  readonly runId: string;
  readonly plan: Plan;
  readonly engineId: string;
  readonly saveVersion: string;
  readonly prices: Prices | undefined;
  readonly policy: RunPolicy;
  readonly largerSize: (size: TaskSize) => TaskSize | undefined;
  /** Undefined for a new run. */
  readonly resumed: Resumption | undefined;
  readonly session: EngineSession;
  readonly recorder: RunRecorder;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Returns early, without an error, at the moment when `cancel` is aborted, or `early` resolves. */
  readonly sleep: (ms: number, early?: Promise<void>) => Promise<void>;
  /** From 0 to 1, the same for the same text. */
  readonly jitter: (text: string) => number;
  /** Aborted when the user wants the run to end. */
  readonly cancel: { readonly aborted: boolean };
  /** Why the run must not be driven by this process any longer; undefined while it may. */
  readonly lost: () => Promise<ServiceTrouble | undefined>;
  readonly report: (progress: Progress) => void;
}

export type RunOutcome =
  | { readonly kind: 'ended'; readonly state: RunState }
  /** The service stayed out of reach; tasks may still be running. */
  | { readonly kind: 'out-of-touch'; readonly state: RunState; readonly trouble: ServiceTrouble };

/** Drives the plan to its end: starts what may start, observes, records, tries again, stops when asked. */
export function runPlan(context: RunContext): Promise<RunOutcome> {
  return new LiveRun(context).run();
}

type Start = Extract<Action, { action: 'start' }>;
type Stop = Extract<Action, { action: 'stop' }>;

const LONGEST_WAIT_MS = 1000;
const STOP_AGAIN_MS = 1000;

/** Every call to the engine is made beside the loop, so that one that is slow holds up nothing else. */
class LiveRun {
  readonly #context: RunContext;
  readonly #fold: RunFold;
  readonly #watch: Watch;
  readonly #contact: Contact;
  readonly #bell = new Bell();
  /** What is being done: tasks that are asked for, handles that were asked to stop. */
  readonly #busy = new Set<string>();
  readonly #background = new Set<Promise<void>>();
  #recorded: Promise<void> = Promise.resolve();
  /** Why what is to be cancelled will not stop. */
  #unstoppable: ServiceTrouble | undefined;
  #isLooking = false;
  #lookedAt = 0;
  /** Since the last one that was answered. */
  #failedLooks = 0;
  #bug: unknown;

  constructor(context: RunContext) {
    const { session, plan, policy } = context;
    const record: Watch['record'] = (event) => this.#record(event);
    const followers = new LogFollowers({ ...context, record, fail: (error) => this.#fail(error) });
    const timeouts = new Map(plan.tasks.map((task) => [task.name, timeoutOf(task, policy)]));
    this.#context = context;
    this.#fold = new RunFold(context.runId, context.plan);
    this.#watch = {
      session,
      fold: this.#fold,
      timeoutOf: (task) => timeouts.get(task) ?? policy.timeoutMs,
      record,
      followers,
    };
    this.#contact = new Contact(context.now, (trouble) => context.report({ kind: 'trouble', trouble }));
  }

  async run(): Promise<RunOutcome> {
    try {
      return await this.#drive();
    } finally {
      this.#watch.followers.abandon();
      // Nothing is started any more when the session is closed.
      await Promise.all(this.#background);
    }
  }

  async #drive(): Promise<RunOutcome> {
    const { cancel, lost } = this.#context;
    const trouble = await this.#begin();
    if (trouble !== undefined) return this.#leave(trouble);
    for (;;) {
      if (this.#bug !== undefined) throw this.#bug;
      const lock = await lost();
      if (lock !== undefined) return this.#leave(lock);
      const isUnwanted = cancel.aborted || this.#context.resumed?.toCancel === true;
      if (isUnwanted && !this.#fold.cancelRequested) await this.#record({ event: 'cancel-requested' });
      const actions = this.#actions();
      const finish = actions.find((action) => action.action === 'finish');
      if (finish !== undefined) {
        await this.#watch.followers.drain();
        if (this.#bug !== undefined) throw this.#bug;
        await this.#record({ event: 'run-stopped', state: finish.state });
        return { kind: 'ended', state: this.#fold.state() };
      }
      if (await this.#act(actions)) continue;
      const trouble = this.#unstoppable ?? this.#contact.lost;
      if (trouble !== undefined) {
        const next = this.#unstoppable === undefined ? 'resume' : 'cancel';
        return this.#leave({ ...trouble, help: `${trouble.help}; then wherry ${next} ${this.#context.runId}` });
      }
      this.#look();
      await this.#wait();
    }
  }

  /** Records that the run begins, or takes up what an earlier process has left of it. */
  async #begin(): Promise<ServiceTrouble | undefined> {
    const { runId, plan, engineId, saveVersion, prices, resumed, cancel, sleep } = this.#context;
    const { planHash, pipeline } = plan;
    for (const event of resumed?.past ?? []) this.#fold.apply(event);
    // The process before may have been gone before its first event.
    if (resumed === undefined || resumed.past.length === 0)
      await this.#record({ event: 'run-started', runId, planHash, pipeline, engine: engineId, saveVersion, prices });
    if (resumed === undefined) return undefined;
    const taken = await takeUp(resumed, { ...this.#watch, contact: this.#contact, cancel, sleep });
    return taken.ok ? undefined : taken.error;
  }

  async #leave(trouble: ServiceTrouble): Promise<RunOutcome> {
    await Promise.all(this.#background);
    return { kind: 'out-of-touch', state: this.#fold.state(), trouble };
  }

  #actions(): Action[] {
    const { plan, session, now, policy, largerSize, jitter } = this.#context;
    const { tasks, live, ceiling, cancelRequested } = this.#fold;
    const { capacity } = session;
    return reconcile(plan, { tasks, live, ceiling, cancelRequested, capacity, now: now(), policy, largerSize, jitter });
  }

  /** True when events were recorded that may make other actions due. */
  async #act(actions: readonly Action[]): Promise<boolean> {
    let hasDecided = false;
    for (const action of actions) {
      switch (action.action) {
        case 'start':
          await this.#start(action);
          break;
        case 'stop':
          await this.#stop(action);
          break;
        case 'retry':
          await this.#record({ event: 'retry-due', task: action.task, ...action.retry });
          hasDecided = true;
          break;
        case 'skip':
          await this.#record({ event: 'task-skipped', task: action.task, because: action.because });
          hasDecided = true;
          break;
        case 'finish':
          break;
      }
    }
    return hasDecided;
  }

  async #start({ task, attempt, launch }: Start): Promise<void> {
    if (this.#busy.has(task)) return;
    this.#busy.add(task);
    await this.#record({ event: 'attempt-starting', task, attempt, launch });
    this.#beside(async () => {
      const started = await this.#ask(task);
      if (!started.ok) await this.#repeat(task, started.error);
      else {
        this.#contact.answered();
        if ('state' in started.value) await recordObservation(task, started.value, this.#watch);
        else {
          const { handle } = started.value;
          await this.#record({ event: 'attempt-started', task, attempt, handle });
          this.#watch.followers.follow(handle, { task, attempt });
        }
      }
      this.#busy.delete(task);
    });
  }

  /** Asks for a task's last attempt. A request that nobody answered may have been heard, and the answer be forgotten by now. */
  async #ask(name: string): Promise<Result<Attached, ServiceTrouble>> {
    const { session } = this.#context;
    const task = this.#fold.tasks.get(name);
    const last = task?.attempts.at(-1);
    if (task === undefined || last === undefined) throw new Error(`nothing was asked for at task '${name}'`);
    const spec = attemptSpec(task, last);
    if (last.asks - last.refusals > 1) return session.attach(spec, { handle: undefined, askedAt: last.askedAt });
    const started = await session.start(spec);
    if (started.ok) return ok({ handle: started.value });
    return 'reason' in started.error ? ok(refused(started.error)) : failed(started.error);
  }

  /** Nobody knows whether the request was heard: the same attempt is asked for again. */
  async #repeat(task: string, trouble: ServiceTrouble): Promise<void> {
    const { now, jitter } = this.#context;
    this.#contact.failed(trouble);
    const record = this.#fold.tasks.get(task);
    const last = record?.attempts.at(-1);
    if (record === undefined || last === undefined) return;
    const retry = repeatOf(record, last, trouble.kind, { now: now(), jitter });
    await this.#record({ event: 'retry-due', task, ...retry });
  }

  async #stop({ task, attempt, handle, because }: Stop): Promise<void> {
    if (this.#busy.has(handle)) return;
    this.#busy.add(handle);
    if (this.#fold.tasks.get(task)?.attempts.at(-1)?.stopping === undefined)
      await this.#record({ event: 'stop-requested', task, attempt, because });
    this.#beside(async () => {
      const { session, sleep } = this.#context;
      const stopped = await session.stop(handle, STOP_REASONS[because]);
      if (stopped.ok) return;
      this.#contact.failed(stopped.error);
      if (isPassing(stopped.error)) {
        await sleep(STOP_AGAIN_MS);
        this.#busy.delete(handle);
      } else if (because === 'cancelled') this.#unstoppable = stopped.error;
    });
  }

  /** Observes what is under way, if it is time to and no look is being taken. */
  #look(): void {
    const { now } = this.#context;
    if (this.#isLooking || now() < this.#nextLook || underWay(this.#fold).size === 0) return;
    this.#isLooking = true;
    this.#beside(async () => {
      const observed = await observeAll(this.#watch);
      if (observed.ok) this.#contact.answered();
      else this.#contact.failed(observed.error);
      this.#failedLooks = observed.ok ? 0 : this.#failedLooks + 1;
      this.#lookedAt = now();
      this.#isLooking = false;
    });
  }

  get #nextLook(): number {
    const { live, tasks } = this.#fold;
    const youngest = [...live].reduce(
      (last, task) => Math.max(last, tasks.get(task)?.attempts.at(-1)?.askedAt ?? 0),
      0,
    );
    const pause = pollPause(live.size, this.#context.now() - youngest);
    return this.#lookedAt + Math.max(pause, pauseAfter(this.#failedLooks));
  }

  /** One event after the other: on disk, then in the state, then shown. */
  #record(event: Undated): Promise<void> {
    const { now, recorder, report } = this.#context;
    const recorded = this.#recorded.then(async () => {
      const dated = { at: new Date(now()).toISOString(), ...event } as RunEvent;
      await recorder.append(dated);
      this.#fold.apply(dated);
      report({ kind: 'event', event: dated, state: () => this.#fold.state() });
    });
    this.#recorded = recorded;
    return recorded;
  }

  #beside(work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#background.delete(done);
        this.#bell.ring();
      });
    this.#background.add(done);
  }

  #fail(error: unknown): void {
    this.#bug ??= error;
    this.#bell.ring();
  }

  async #wait(): Promise<void> {
    const { now, sleep } = this.#context;
    const { retrying, tasks } = this.#fold;
    const due = [...retrying].map((task) => tasks.get(task)?.retry?.notBefore ?? 0);
    const pauses = [this.#nextLook, ...due].map((instant) => instant - now()).filter((pause) => pause > 0);
    await this.#bell.wait((early) => sleep(Math.min(LONGEST_WAIT_MS, ...pauses), early));
  }
}

const STOP_REASONS = { cancelled: 'the run was cancelled', 'timed-out': 'it took longer than its timeout' } as const;
