import type { Plan } from '../model/plan.ts';
import type { AttemptRecord, AttemptState, Failure, NodeRecord, RunEvent, RunState, TaskRecord } from '../model/run.ts';
import type { StepEvent } from '../model/step-event.ts';

/** The state of a run: its plan, and all that has been recorded of it. */
export function foldRun(runId: string, plan: Plan, events: readonly RunEvent[]): RunState {
  const fold = new RunFold(runId, plan);
  for (const event of events) fold.apply(event);
  return fold.state();
}

/** How many attempts the account took when it took no more, and when that was (ms since the epoch). */
export interface Ceiling {
  readonly attempts: number;
  readonly since: number;
  readonly because: 'over-quota' | 'no-address';
}

/** The same, one event at a time, for the loop that makes them: each costs a map look-up. */
export class RunFold {
  readonly tasks: Map<string, TaskRecord>;
  /** Tasks with an attempt that was asked for and has not ended, as far as is known. */
  readonly live = new Set<string>();
  readonly retrying = new Set<string>();
  #run: Omit<RunState, 'tasks'>;
  #ceiling: Ceiling | undefined;

  constructor(runId: string, plan: Plan) {
    this.#run = {
      runId,
      planHash: plan.planHash,
      pipeline: plan.pipeline,
      engine: '',
      state: 'running',
      startedAt: undefined,
      stoppedAt: undefined,
      cancelRequested: false,
      prices: undefined,
    };
    this.tasks = new Map(
      plan.tasks.map(({ name, nodes }) => [
        name,
        {
          name,
          state: 'waiting',
          attempts: [],
          nodes: nodes.map((node): NodeRecord => ({ name: node, state: 'waiting', seconds: undefined })),
          retry: undefined,
          skippedBecause: undefined,
        },
      ]),
    );
  }

  state(): RunState {
    return { ...this.#run, tasks: [...this.tasks.values()] };
  }

  get cancelRequested(): boolean {
    return this.#run.cancelRequested;
  }

  get ceiling(): Ceiling | undefined {
    return this.#ceiling;
  }

  apply(event: RunEvent): void {
    switch (event.event) {
      case 'run-started':
        this.#run = {
          ...this.#run,
          engine: event.engine,
          pipeline: event.pipeline,
          startedAt: event.at,
          prices: event.prices,
        };
        return;
      case 'cancel-requested':
        this.#run = { ...this.#run, cancelRequested: true };
        return;
      case 'run-resumed':
        this.#run = { ...this.#run, state: 'running', stoppedAt: undefined, cancelRequested: false };
        this.#ceiling = undefined;
        for (const name of event.again) {
          const task = this.tasks.get(name);
          if (task !== undefined) this.tasks.set(name, waitingAgain(task));
        }
        for (const name of this.retrying) {
          const task = this.tasks.get(name);
          if (task?.retry !== undefined) this.tasks.set(name, { ...task, retry: { ...task.retry, notBefore: 0 } });
        }
        return;
      case 'run-stopped':
        this.#run = { ...this.#run, state: event.state, stoppedAt: event.at };
        return;
      default: {
        const task = this.tasks.get(event.task);
        if (task === undefined) return;
        this.tasks.set(task.name, applyToTask(task, event));
        this.#count(event);
      }
    }
  }

  #count(event: TaskEvent): void {
    if (event.event === 'retry-due') this.retrying.add(event.task);
    else this.retrying.delete(event.task);
    if (event.event === 'attempt-starting') this.live.add(event.task);
    if (event.event === 'attempt-stopped') {
      this.live.delete(event.task);
      const because = event.failure?.reason;
      if (because === 'over-quota' || because === 'no-address')
        this.#ceiling = { attempts: this.live.size, since: Date.parse(event.at), because };
    }
    const ceiling = this.#ceiling;
    const taken = ceiling?.because === 'no-address' ? 'attempt-running' : 'attempt-started';
    // It takes more than it did: the next one may be tried at once.
    if (ceiling !== undefined && event.event === taken && this.live.size > ceiling.attempts)
      this.#ceiling = { ...ceiling, attempts: this.live.size, since: 0 };
  }
}

type TaskEvent = Extract<RunEvent, { task: string }>;
type EndState = Extract<AttemptState, 'succeeded' | 'failed' | 'cancelled' | 'unknown'>;

function applyToTask(task: TaskRecord, event: TaskEvent): TaskRecord {
  switch (event.event) {
    case 'attempt-starting':
      return askedFor(task, event);
    case 'attempt-started':
      return withAttempt(task, event.attempt, { state: 'pending', handle: event.handle });
    case 'attempt-running':
      return withAttempt(task, event.attempt, {
        state: 'running',
        startedAt: event.startedAt ?? Date.parse(event.at),
      });
    case 'step':
      return {
        ...task,
        attempts: task.attempts.map((record) =>
          record.attempt === event.attempt ? { ...record, steps: record.steps + 1 } : record,
        ),
        nodes: isUnderWay(task, event.attempt) ? task.nodes.map((node) => applyStep(node, event.step)) : task.nodes,
      };
    case 'stop-requested':
      return { ...task, attempts: changed(task.attempts, event.attempt, { stopping: event.because }) };
    case 'attempt-stopped': {
      const state = endState(event.failure);
      const ended = withAttempt(task, event.attempt, {
        state,
        exitCode: event.exitCode,
        failure: event.failure,
        ...event.times,
      });
      return { ...ended, nodes: ended.nodes.map((node) => settleNode(node, state)) };
    }
    case 'retry-due': {
      const { attempt, notBefore, because, launch, counts } = event;
      return {
        ...task,
        state: 'retrying',
        retry: { attempt, notBefore, because, launch, counts },
        attempts: changed(task.attempts, task.attempts.at(-1)?.attempt ?? 0, { counts }),
        nodes: task.nodes.map((node) => ({ ...node, state: 'waiting', seconds: undefined })),
      };
    }
    case 'task-skipped':
      return {
        ...task,
        state: 'skipped',
        skippedBecause: event.because,
        nodes: task.nodes.map((node) => ({ ...node, state: 'skipped' })),
      };
  }
}

/** What is told late of an attempt says nothing of the one that follows it. */
function isUnderWay({ state, attempts }: TaskRecord, attempt: number): boolean {
  return state !== 'waiting' && state !== 'retrying' && attempts.at(-1)?.attempt === attempt;
}

function askedFor(task: TaskRecord, event: Extract<RunEvent, { event: 'attempt-starting' }>): TaskRecord {
  const earlier = task.attempts.filter(({ attempt }) => attempt !== event.attempt);
  const same = task.attempts.find(({ attempt }) => attempt === event.attempt);
  const wasRefused = same?.failure !== undefined;
  const asked: AttemptRecord = {
    attempt: event.attempt,
    state: 'starting',
    handle: undefined,
    launch: event.launch,
    // What was refused has started nothing.
    askedAt: same === undefined || wasRefused ? Date.parse(event.at) : same.askedAt,
    asks: (same?.asks ?? 0) + 1,
    refusals: (same?.refusals ?? 0) + (wasRefused ? 1 : 0),
    stopping: same?.stopping,
    counts: true,
    exitCode: undefined,
    failure: undefined,
    steps: 0,
  };
  return { ...task, state: 'starting', retry: undefined, attempts: [...earlier, asked] };
}

function endState(failure: Failure | undefined): EndState {
  if (failure === undefined) return 'succeeded';
  return failure.reason === 'cancelled' || failure.reason === 'unknown' ? failure.reason : 'failed';
}

/** Whoever asks for it again gives it all its retries again. */
function waitingAgain(task: TaskRecord): TaskRecord {
  return {
    ...task,
    state: 'waiting',
    attempts: task.attempts.map((record) => ({ ...record, counts: false })),
    skippedBecause: undefined,
    nodes: task.nodes.map((node) => ({ ...node, state: 'waiting', seconds: undefined })),
  };
}

function withAttempt(
  task: TaskRecord,
  attempt: number,
  change: Partial<AttemptRecord> & { readonly state: AttemptState },
): TaskRecord {
  return { ...task, state: change.state, retry: undefined, attempts: changed(task.attempts, attempt, change) };
}

function changed(attempts: readonly AttemptRecord[], attempt: number, change: Partial<AttemptRecord>): AttemptRecord[] {
  return attempts.map((record) => (record.attempt === attempt ? { ...record, ...change } : record));
}

function applyStep(node: NodeRecord, step: StepEvent): NodeRecord {
  if (!('node' in step) || step.node !== node.name) return node;
  switch (step.event) {
    case 'node-started':
      return { ...node, state: 'running' };
    case 'node-finished':
      return { ...node, state: 'succeeded', seconds: step.seconds };
    case 'node-failed':
      return { ...node, state: 'failed', seconds: step.seconds };
  }
}

/** When its container is gone no node is running any more; a container that succeeded has run them all. */
function settleNode(node: NodeRecord, ended: EndState): NodeRecord {
  if (ended === 'succeeded') return { ...node, state: 'succeeded' };
  if (node.state === 'running') return { ...node, state: 'failed' };
  return node.state === 'waiting' ? { ...node, state: 'skipped' } : node;
}
