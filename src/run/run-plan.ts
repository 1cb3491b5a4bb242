import type { EngineSession, LogLine } from '../engine/engine.ts';
import type { Plan } from '../model/plan.ts';
import type { Failure, Prices, RunEvent, RunState } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { RunFold } from './fold.ts';
import { LogFollowers } from './log-followers.ts';
import { observeAll } from './observe-all.ts';
import { type Action, reconcile } from './reconcile.ts';
import type { Record } from './record.ts';
import type { RunRecorder } from './store.ts';
import { type Resumption, takeUp } from './take-up.ts';

/** What happens while a run is under way, for whoever shows it. */
export type Progress =
  | { readonly kind: 'event'; readonly event: RunEvent; readonly state: () => RunState }
  | { readonly kind: 'log'; readonly task: string; readonly lines: readonly LogLine[] };

export interface RunContext {
  readonly runId: string;
  readonly plan: Plan;
  readonly engineId: string;
  readonly saveVersion: string;
  readonly prices: Prices | undefined;
  /** Undefined for a new run. */
  readonly resumed: Resumption | undefined;
  readonly session: EngineSession;
  readonly recorder: RunRecorder;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Returns early, without an error, at the moment when `cancel` is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborted when the user wants the run to end. */
  readonly cancel: { readonly aborted: boolean };
  readonly report: (progress: Progress) => void;
}

export type RunOutcome =
  | { readonly kind: 'ended'; readonly state: RunState }
  /** The service stayed out of reach; tasks may still be running. */
  | { readonly kind: 'out-of-touch'; readonly state: RunState; readonly trouble: ServiceTrouble };

const SHORTEST_PAUSE_MS = 150;
const LONGEST_PAUSE_MS = 2000;
/** With the longest pause, and the SDK's own tries on top, this is about a minute of silence. */
const TROUBLES_IN_A_ROW = 20;

/** Drives the plan to its end: starts what may start, observes, records, stops when asked. */
export async function runPlan(context: RunContext): Promise<RunOutcome> {
  const { runId, plan, engineId, session } = context;
  const fold = new RunFold(runId, plan);
  for (const event of context.resumed?.past ?? []) fold.apply(event);
  const followers = new LogFollowers(context);
  const record: Record = async (event) => {
    const dated = { at: new Date(context.now()).toISOString(), ...event } as RunEvent;
    await context.recorder.append(dated);
    fold.apply(dated);
    context.report({ kind: 'event', event: dated, state: () => fold.state() });
  };
  const watch = { session, fold, record, followers };
  let pause = SHORTEST_PAUSE_MS;
  let troubles = 0;

  if (context.resumed !== undefined) {
    const taken = await takeUp(context.resumed, { ...watch, sleep: context.sleep });
    if (!taken.ok) {
      followers.abandon();
      return { kind: 'out-of-touch', state: fold.state(), trouble: taken.error };
    }
  } else {
    await record({
      event: 'run-started',
      runId,
      planHash: plan.planHash,
      pipeline: plan.pipeline,
      engine: engineId,
      saveVersion: context.saveVersion,
      prices: context.prices,
    });
  }
  for (;;) {
    if (context.cancel.aborted && !fold.cancelRequested) await record({ event: 'cancel-requested' });
    const actions = reconcile(plan, {
      tasks: fold.tasks,
      cancelRequested: fold.cancelRequested,
      capacity: session.capacity,
    });
    const finish = actions.find((action) => action.action === 'finish');
    if (finish !== undefined) {
      await followers.drain();
      await record({ event: 'run-stopped', state: finish.state });
      return { kind: 'ended', state: fold.state() };
    }
    const changedByAction = (
      await Promise.all(actions.map((action) => perform(action, context, record, followers)))
    ).some(Boolean);

    const observed = await observeAll(watch);
    if (!observed.ok) {
      if (++troubles >= TROUBLES_IN_A_ROW) {
        followers.abandon();
        return { kind: 'out-of-touch', state: fold.state(), trouble: observed.error };
      }
    } else troubles = 0;
    const changed = changedByAction || (observed.ok && observed.value);
    pause = changed ? SHORTEST_PAUSE_MS : Math.min(pause * 1.3, LONGEST_PAUSE_MS);
    // A task that ended may free others: go on at once.
    if (!changed) await context.sleep(pause);
  }
}

/** True when something changed by it. */
async function perform(
  action: Action,
  { session }: RunContext,
  record: Record,
  followers: LogFollowers,
): Promise<boolean> {
  switch (action.action) {
    case 'start': {
      const { task, attempt } = action;
      await record({ event: 'attempt-starting', task, attempt });
      const started = await session.start({ task, attempt });
      if (started.ok) {
        await record({ event: 'attempt-started', task, attempt, handle: started.value });
        followers.follow({ task, attempt, handle: started.value });
      } else {
        await record({
          event: 'attempt-stopped',
          task,
          attempt,
          exitCode: undefined,
          failure: asFailure(started.error),
          times: {},
        });
      }
      return true;
    }
    case 'skip':
      await record({ event: 'task-skipped', task: action.task, because: action.because });
      return true;
    case 'stop':
      await session.stop(action.handle, 'the run was cancelled');
      return false;
    case 'finish':
      return false;
  }
}

function asFailure(error: Failure | ServiceTrouble): Failure {
  if ('reason' in error) return error;
  return {
    reason: 'not-started',
    blame: error.kind === 'refused' ? 'user' : 'platform',
    detail: `${error.operation}: ${error.detail}`,
  };
}
