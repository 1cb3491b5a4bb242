import type { Plan } from '../model/plan.ts';
import type {
  AttemptRecord,
  AttemptState,
  Failure,
  NodeRecord,
  RunEvent,
  RunState,
  TaskRecord,
  TaskState,
} from '../model/run.ts';
import type { StepEvent } from '../model/step-event.ts';

/** The state of a run: its plan, and all that has been recorded of it. */
export function foldRun(runId: string, plan: Plan, events: readonly RunEvent[]): RunState {
  const fold = new RunFold(runId, plan);
  for (const event of events) fold.apply(event);
  return fold.state();
}

/** The same, one event at a time, for the loop that makes them: each costs a map look-up. */
export class RunFold {
  readonly tasks: Map<string, TaskRecord>;
  #run: Omit<RunState, 'tasks'>;

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
        for (const name of event.again) {
          const task = this.tasks.get(name);
          if (task !== undefined) this.tasks.set(name, waitingAgain(task));
        }
        return;
      case 'run-stopped':
        this.#run = { ...this.#run, state: event.state, stoppedAt: event.at };
        return;
      default: {
        const task = this.tasks.get(event.task);
        if (task !== undefined) this.tasks.set(task.name, applyToTask(task, event));
      }
    }
  }
}

type TaskEvent = Extract<RunEvent, { task: string }>;
type EndState = Extract<AttemptState, 'succeeded' | 'failed' | 'cancelled' | 'unknown'>;

function applyToTask(task: TaskRecord, event: TaskEvent): TaskRecord {
  switch (event.event) {
    case 'attempt-starting': {
      const begun: AttemptRecord = {
        attempt: event.attempt,
        state: 'starting',
        askedAt: Date.parse(event.at),
        handle: undefined,
        exitCode: undefined,
        failure: undefined,
        steps: 0,
      };
      return { ...task, state: 'starting', attempts: [...task.attempts, begun] };
    }
    case 'attempt-started':
      return withAttempt(task, event.attempt, { state: 'pending', handle: event.handle });
    case 'attempt-running':
      return withAttempt(task, event.attempt, { state: 'running', startedAt: event.startedAt });
    case 'step':
      return {
        ...task,
        attempts: task.attempts.map((record) =>
          record.attempt === event.attempt ? { ...record, steps: record.steps + 1 } : record,
        ),
        nodes: task.nodes.map((node) => applyStep(node, event.step)),
      };
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
    case 'task-skipped':
      return {
        ...task,
        state: 'skipped',
        skippedBecause: event.because,
        nodes: task.nodes.map((node) => ({ ...node, state: 'skipped' })),
      };
  }
}

function endState(failure: Failure | undefined): EndState {
  if (failure === undefined) return 'succeeded';
  return failure.reason === 'cancelled' || failure.reason === 'unknown' ? failure.reason : 'failed';
}

function waitingAgain(task: TaskRecord): TaskRecord {
  return {
    ...task,
    state: 'waiting',
    skippedBecause: undefined,
    nodes: task.nodes.map((node) => ({ ...node, state: 'waiting', seconds: undefined })),
  };
}

function withAttempt(
  task: TaskRecord,
  attempt: number,
  change: Partial<AttemptRecord> & { state: AttemptRecord['state'] },
): TaskRecord {
  const attempts = task.attempts.map((record) => (record.attempt === attempt ? { ...record, ...change } : record));
  return { ...task, state: change.state satisfies TaskState, attempts };
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
