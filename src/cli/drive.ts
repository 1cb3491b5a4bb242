import type { EngineSession, Frozen } from '../engine/engine.ts';
import { nextLargerSize } from '../fargate/sizes.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { type RunOutcome, runPlan } from '../run/run-plan.ts';
import type { RunRecorder, RunStore } from '../run/store.ts';
import type { EventMirror } from '../store/event-mirror.ts';
import { beginMirror } from '../store/mirror.ts';
import { ok, type Result } from '../util/result.ts';
import { EXIT, type GlobalOptions } from './command.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { Host } from './host.ts';
import { sha256 } from './prepare.ts';
import { describeFailures } from './present/failures.ts';
import { describeNext } from './present/next-step.ts';
import { progressPrinter } from './present/progress.ts';
import { runJson } from './present/run-json.ts';
import { describeRetried } from './present/tries.ts';
import { colorsFor } from './report-findings.ts';
import { reportTrouble } from './report-trouble.ts';
import { type HeldLocks, lockRun } from './run-lock.ts';
import { openRunStore } from './run-store.ts';
import { removeAtEnd } from './spilled-data.ts';

export interface Drive {
  readonly runId: string;
  readonly plan: Plan;
  readonly setup: EngineSetup;
  /** Undefined for a new run. */
  readonly resumed:
    | {
        readonly past: readonly RunEvent[];
        readonly unseen: readonly RunEvent[];
        readonly frozen: Frozen;
        readonly locks: HeldLocks;
        readonly rerunUnknown: boolean;
        readonly toCancel: boolean;
      }
    | undefined;
}

interface Surroundings {
  readonly options: GlobalOptions;
  readonly host: Host;
}

/** Opens the engine, drives the plan on it and tells how it ended. */
export async function drive(drive: Drive, around: Surroundings): Promise<number> {
  const { runId, plan, setup, resumed } = drive;
  const { options, host } = around;
  const { saveVersion } = setup.launch;
  const opened = await setup.engine.open({ runId, plan, saveVersion, frozen: resumed?.frozen });
  if (!opened.ok) {
    await resumed?.locks.release();
    return reportTrouble(opened.error, host);
  }
  const session = opened.value;
  introduce(drive, session, around);
  const store = await openRunStore(options, host);
  const locked =
    resumed === undefined ? await lockRun(runId, { store, mirror: setup.mirror }, host) : ok(resumed.locks);
  if (!locked.ok) return reportTrouble(locked.error, host);
  const locks = locked.value;
  const recorder = await openRecorder(drive, { store, session, locks });
  if (!recorder.ok) {
    await locks.release();
    return reportTrouble(recorder.error, host);
  }
  const driving = { session, recorder: recorder.value, locks, around };
  const outcome = await driveToEnd(drive, driving).finally(locks.release);
  const { trouble } = recorder.value;
  if (trouble !== undefined) reportTrouble(trouble, host);
  const { state } = outcome;
  if (options.format === 'json') host.out(`${JSON.stringify(runJson(state), undefined, 2)}\n`);
  else {
    // The library of tables is not loaded before it is needed.
    const { runTable } = await import('./present/tables.ts');
    host.out(`\nrun ${runId}: ${state.state}\n${runTable(state)}`);
  }
  for (const line of [...describeRetried(state), ...describeNext(state, options)]) host.err(`${line}\n`);
  for (const text of await describeFailures(state, store, options)) host.err(`\n${text}`);
  return statusOf(outcome, host);
}

function introduce(
  { runId, plan, resumed, setup }: Drive,
  session: EngineSession,
  { options, host }: Surroundings,
): void {
  const colors = colorsFor(options, host);
  const verb = resumed === undefined ? 'run' : resumed.toCancel ? 'cancelling run' : 'resuming run';
  host.err(
    `${verb} ${colors.bold(runId)} of ${plan.project} ${plan.pipeline} on ${setup.engine.id}: ${plan.tasks.length} tasks\n`,
  );
  for (const [label, value] of Object.entries(session.particulars)) host.err(`  ${label}: ${value}\n`);
}

interface OpenRecorder extends RunRecorder {
  /** Why other machines may not see the end of the run. */
  readonly trouble: ServiceTrouble | undefined;
  close(): Promise<void>;
}

/** The records on this machine, and their mirror where there is one. */
async function openRecorder(
  { runId, plan, setup, resumed }: Drive,
  { store, session, locks }: { readonly store: RunStore; readonly session: EngineSession; readonly locks: HeldLocks },
): Promise<Result<OpenRecorder, ServiceTrouble>> {
  const launch = { ...setup.launch, frozen: session.frozen };
  const events = resumed?.past ?? [];
  const begun = setup.mirror && (await beginMirror(setup.mirror, runId, { plan, launch, events, epoch: locks.epoch }));
  if (begun?.ok === false) return begun;
  // The record on this machine last: by it the run exists here.
  const own = await (resumed === undefined ? store.create(runId, plan, launch) : store.reopen(runId));
  const mirror = begun?.value;
  return ok(
    mirror === undefined ? { ...own, trouble: undefined, close: async () => {} } : mirroredRecorder(own, mirror),
  );
}

function mirroredRecorder(own: RunRecorder, mirror: EventMirror): OpenRecorder {
  return {
    ...own,
    append: async (event) => {
      await own.append(event);
      mirror.append(event);
    },
    get trouble() {
      return mirror.trouble;
    },
    close: () => mirror.flush(),
  };
}

interface Driving {
  readonly session: EngineSession;
  readonly recorder: OpenRecorder;
  readonly locks: HeldLocks;
  readonly around: Surroundings;
}

async function driveToEnd(drive: Drive, driving: Driving): Promise<RunOutcome> {
  const { session, recorder, around } = driving;
  const outcome = await driveOn(drive, driving).finally(async () => {
    await session.close();
    await recorder.close();
  });
  // Whoever has no word of the end would go on with the run.
  if (recorder.trouble === undefined) await removeAtEnd(drive.setup, outcome.state, around.host);
  return outcome;
}

function driveOn(
  { runId, plan, setup, resumed }: Drive,
  { session, recorder, locks, around }: Driving,
): Promise<RunOutcome> {
  const { engine, launch } = setup;
  const { saveVersion, prices, policy } = launch;
  const { options, host } = around;
  return runPlan({
    runId,
    plan,
    engineId: engine.id,
    saveVersion,
    prices,
    policy,
    largerSize: engine.id === 'local' ? () => undefined : nextLargerSize,
    jitter: (text) => Number.parseInt(sha256(`${runId}|${text}`).slice(0, 8), 16) / 2 ** 32,
    resumed: resumed && { ...resumed, keptLines: recorder.keptLines },
    session,
    recorder,
    now: host.now,
    sleep: host.sleep,
    cancel: {
      get aborted() {
        return host.interrupted.aborted || locks.cancelRequested;
      },
    },
    lost: locks.lost,
    report: progressPrinter(host.err, host.now, colorsFor(options, host)),
  });
}

function statusOf(outcome: RunOutcome, host: Host): number {
  if (outcome.kind === 'out-of-touch') return reportTrouble(outcome.trouble, host);
  switch (outcome.state.state) {
    case 'succeeded':
      return EXIT.fine;
    case 'cancelled':
      return EXIT.interrupted;
    default:
      return EXIT.problems;
  }
}
