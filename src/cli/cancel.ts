import { clusterOf } from '../engine/aws-fargate/launch.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import { mirroredLock } from '../store/mirror.ts';
import { askToCancel } from '../store/run-lock.ts';
import { type CommandInput, EXIT, OutOfReach } from './command.ts';
import { type MirrorOptions, mirrorOf } from './mirror.ts';
import { reportTrouble } from './report-trouble.ts';
import { type FoundRun, findRun, openRunStore } from './run-store.ts';
import { type RecordedSetup, setupOf, takeUpRun } from './take-up-run.ts';

type Input = CommandInput<MirrorOptions>;

const LOOK_MS = 1000;

/** How long the process of a run has to stop everything. It hears of it within 15 s, and containers have 30 s to end. */
const OBEYS_WITHIN_MS = 90_000;

/** Stops all that a run has started, and looks until it has stopped. */
export async function cancel(input: Input): Promise<number> {
  const { args, host } = input;
  const found = await findRun(args[0], input);
  const run = found.driver === undefined ? found : await cancelByDriver(found, input);
  if (host.interrupted.aborted) return EXIT.interrupted;
  const setup = await setupOf(run, input);
  if (typeof setup === 'number') return setup;
  try {
    if (run.state.state !== 'interrupted') host.out(`run ${run.runId}: ${run.state.state}\n`);
    else {
      const status = await takeUpRun(run, setup, { ...input, rerunUnknown: false, toCancel: true });
      if (status === EXIT.service) return status;
    }
    return setup.account === undefined ? EXIT.fine : await proveStopped(run, setup, { account: setup.account, host });
  } finally {
    await setup.close();
  }
}

/** The process that drives the run does it, as at Ctrl-C: it is asked by its lock. The run as that process has left it. */
async function cancelByDriver({ driver, runId, launch }: FoundRun, input: Input): Promise<FoundRun> {
  const { host, options } = input;
  const store = await openRunStore(options, host);
  const mirror = launch && (await mirrorOf(launch, options, host));
  const locks = [store.lockOf(runId), ...(mirror === undefined ? [] : [mirroredLock(mirror, runId)])];
  const answers = await Promise.all(locks.map((lock) => askToCancel(lock, host)));
  mirror?.close();
  const trouble = answers.find((answer) => !answer.ok);
  if (trouble !== undefined && !answers.some((answer) => answer.ok && answer.value))
    throw new OutOfReach(trouble.error);
  host.err(`process ${driver?.process.pid} on ${driver?.process.host} is asked to stop everything\n`);
  const giveUpAt = host.now() + OBEYS_WITHIN_MS;
  for (;;) {
    await host.sleep(LOOK_MS);
    const run = await findRun(runId, input);
    if (run.driver === undefined || host.interrupted.aborted || host.now() > giveUpAt) return run;
  }
}

/** What ECS says, whatever the records say. */
async function proveStopped(
  { runId, state }: FoundRun,
  { frozen }: RecordedSetup,
  { account, host }: { readonly account: AwsAccount; readonly host: Input['host'] },
): Promise<number> {
  const { stopAll, tasksOf } = await import('../engine/aws-fargate/stop-all.ts');
  const cluster = clusterOf(frozen);
  const patience = { sleep: host.sleep, isOver: () => host.interrupted.aborted };
  const recorded = state.tasks.flatMap(({ attempts }) => attempts.flatMap(({ handle }) => handle ?? []));
  const answer = await stopAll(
    { account, cluster, find: (ecs) => tasksOf(ecs, { cluster, runId, recorded }), reason: 'the run was cancelled' },
    patience,
  );
  if (!answer.ok) return reportTrouble(answer.error, host);
  const { known, stopped, left } = answer.value;
  if (left > 0) {
    host.err(`${left} tasks of it have not stopped yet\n`);
    return EXIT.interrupted;
  }
  if (stopped > 0) host.out(`${stopped} tasks were stopped that its records did not show as running\n`);
  host.out(`ECS knows ${known} tasks of it, and all have stopped\n`);
  return EXIT.fine;
}
