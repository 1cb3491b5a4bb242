import type { Frozen } from '../engine/engine.ts';
import { nextLargerSize } from '../fargate/sizes.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import { type RunOutcome, runPlan } from '../run/run-plan.ts';
import type { RunLock } from '../store/run-lock.ts';
import { EXIT, type GlobalOptions } from './command.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { Host } from './host.ts';
import { sha256 } from './prepare.ts';
import { describeFailures } from './present/failures.ts';
import { progressPrinter } from './present/progress.ts';
import { runJson } from './present/run-json.ts';
import { runTable } from './present/tables.ts';
import { describeRetried } from './present/tries.ts';
import { colorsFor } from './report-findings.ts';
import { reportTrouble } from './report-trouble.ts';
import { lockRun } from './run-lock.ts';
import { openRunStore } from './run-store.ts';

export interface Drive {
  readonly runId: string;
  readonly plan: Plan;
  readonly setup: EngineSetup;
  /** Undefined for a new run. */
  readonly resumed:
    | {
        readonly past: readonly RunEvent[];
        readonly frozen: Frozen;
        readonly lock: RunLock;
        readonly rerunUnknown: boolean;
      }
    | undefined;
}

/** Opens the engine, drives the plan on it and tells how it ended. */
export async function drive(
  { runId, plan, setup, resumed }: Drive,
  { options, host }: { readonly options: GlobalOptions; readonly host: Host },
): Promise<number> {
  const { engine, launch } = setup;
  const { saveVersion, prices, policy } = launch;
  const opened = await engine.open({ runId, plan, saveVersion, frozen: resumed?.frozen });
  if (!opened.ok) return reportTrouble(opened.error, host);
  const session = opened.value;
  const colors = colorsFor(options, host);
  const verb = resumed === undefined ? 'run' : 'resuming run';
  host.err(
    `${verb} ${colors.bold(runId)} of ${plan.project} ${plan.pipeline} on ${engine.id}: ${plan.tasks.length} tasks\n`,
  );
  for (const [label, value] of Object.entries(session.particulars)) host.err(`  ${label}: ${value}\n`);

  const store = await openRunStore(options, host);
  const lock = resumed?.lock ?? (await lockRun(runId, store, host));
  const recorder = await (resumed === undefined
    ? store.create(runId, plan, { ...launch, frozen: session.frozen })
    : store.reopen(runId));
  const outcome = await runPlan({
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
        return host.interrupted.aborted || lock.cancelRequested;
      },
    },
    report: progressPrinter(host.err, host.now, colors),
  }).finally(async () => {
    await session.close();
    await lock.release();
  });
  const { state } = outcome;
  if (options.format === 'json') host.out(`${JSON.stringify(runJson(state), undefined, 2)}\n`);
  else host.out(`\nrun ${runId}: ${state.state}\n${await runTable(state)}`);
  for (const line of describeRetried(state)) host.err(`${line}\n`);
  for (const text of await describeFailures(state, store, options)) host.err(`\n${text}`);
  return statusOf(outcome, host);
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
