import type { ConfigValues } from '../config/schema.ts';
import { clusterOf } from '../engine/aws-fargate/launch.ts';
import type { Cluster, LiveTask } from '../engine/aws-fargate/live-tasks.ts';
import type { RunStateName } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { EcsService } from '../service/aws/ecs.ts';
import { type Limiter, limiter } from '../service/aws/rates.ts';
import type { Result } from '../util/result.ts';
import { accountFrom, accountOfRun } from './aws-account.ts';
import { checkAccount } from './check-account.ts';
import { type CommandInput, OutOfReach } from './command.ts';
import { type MirrorOptions, mirrorOfOthers } from './mirror.ts';
import { type FoundRun, openRunStore, ownRuns, recordedRun } from './run-store.ts';
import { settingsWithoutProject } from './settings-without-project.ts';
import { isOver, whileOver } from './while-over.ts';

type Input = CommandInput<MirrorOptions>;

/** What a cluster runs of one run. */
export interface LiveRun {
  readonly runId: string;
  readonly cluster: Cluster;
  readonly tasks: readonly LiveTask[];
  /** Undefined where nobody has records of it. */
  readonly run: FoundRun | undefined;
}

/** `unknown`: nobody has records of it. */
export function stateOf({ run }: Pick<LiveRun, 'run'>): RunStateName | 'unknown' {
  if (run === undefined) return 'unknown';
  return run.driver === undefined ? run.state.state : 'running';
}

/** Where nobody has records of a run, only the user can know that it is over: by asking for it. */
export function isOrphan({ runId, run }: LiveRun, asked: string | undefined): boolean {
  return run === undefined ? asked === runId : run.driver === undefined && isOver(run.state);
}

/** What was made of an orphan: how many of its tasks were stopped, and run still; undefined where it is none any more. */
export interface Ended {
  readonly found: LiveRun;
  readonly stopped: Result<{ readonly stopped: number; readonly left: number } | undefined, ServiceTrouble>;
}

export async function stopOrphan(found: LiveRun, input: Input): Promise<Ended> {
  const { cluster, tasks, run } = found;
  const { stopAll } = await import('../engine/aws-fargate/stop-all.ts');
  const arns = tasks.map(({ taskArn }) => taskArn);
  const stopping = {
    account: cluster.account,
    cluster: cluster.name,
    // By name: ECS takes a task's tags away when it is stopped.
    find: (ecs: EcsService) => ecs.describeTasks(cluster.name, arns),
    reason: 'its run is over: wherry cleanup',
  };
  const patience = { sleep: input.host.sleep, isOver: () => input.host.interrupted.aborted };
  const stop = () => stopAll(stopping, patience);
  return { found, stopped: await (run === undefined ? stop() : whileOver(run, input, stop)) };
}

/** What runs of Wherry's, by ECS, and the records of it. The exit status, where the account is not to be worked in. */
export async function findLiveRuns(input: Input): Promise<LiveRun[] | number> {
  const { options, host } = input;
  const store = await openRunStore(options, host);
  const clusters = await clustersToSearch(await ownRuns(store, host), input);
  if (typeof clusters === 'number') return clusters;
  const limit = limiter(host);
  const live = (await Promise.all(clusters.map((cluster) => liveOn(cluster, limit)))).flat();
  if (live.length === 0) return [];
  const others = (await mirrorOfOthers(options, host))?.objects;
  const recorded = live.map(async (found) => {
    const run = await recordedRun(found.runId, { store, others }, input);
    if (!run.ok) throw new OutOfReach(run.error);
    return { ...found, run: run.value };
  });
  return Promise.all(recorded).finally(() => others?.close());
}

async function liveOn({ name, account, isConfigured }: SearchedCluster, limit: Limiter) {
  const { liveTasks } = await import('../engine/aws-fargate/live-tasks.ts');
  const cluster = { name, account };
  const found = await liveTasks(cluster, limit);
  const isGone = !found.ok && found.error.code === 'ClusterNotFoundException' && !isConfigured;
  if (!found.ok && !isGone) throw new OutOfReach(found.error);
  const tasks = found.ok ? found.value : [];
  return [...new Set(tasks.map(({ runId }) => runId))].map((runId) => ({
    runId,
    cluster,
    tasks: tasks.filter((task) => task.runId === runId),
  }));
}

interface SearchedCluster extends Cluster {
  /** Of the settings, and so it should be there; that of an old run may be gone. */
  readonly isConfigured: boolean;
  /** Undefined where it is not known. */
  readonly accountId: string | undefined;
}

/** The cluster of the settings, and those where runs were begun that this machine has records of. */
async function clustersToSearch(own: readonly FoundRun[], input: Input): Promise<SearchedCluster[] | number> {
  const { options, host } = input;
  const settings = await settingsWithoutProject(options, host);
  const clusters = [...(await configuredCluster(settings, input)), ...(await clustersOfRuns(own, input))];
  const [first] = clusters;
  if (first === undefined) return [];
  const where = `cluster ${[...new Set(clusters.map(({ name }) => name))].join(', ')}`;
  const allowed = { ids: settings.allowed_account_ids, by: 'allowed_account_ids has' };
  const checked = await checkAccount({ account: first.account, allowed, where }, host);
  if (typeof checked === 'number') return checked;
  const isHere = ({ accountId }: SearchedCluster) =>
    accountId === undefined || checked.id === undefined || accountId === checked.id;
  for (const { name, account, accountId } of clusters.filter((cluster) => !isHere(cluster)))
    host.err(`cluster ${name} in ${account.region} is in account ${accountId}: it is not looked at\n`);
  const here = clusters.filter(isHere);
  const places = here.map(({ name, account }) => `${account.region} ${name}`);
  return here.filter((_, index) => places.indexOf(places[index] ?? '') === index);
}

async function configuredCluster(
  { execution_engine: engine }: ConfigValues,
  { options, host }: Input,
): Promise<SearchedCluster[]> {
  if (engine.type !== 'aws-fargate') return [];
  const account = await accountFrom(engine, options, host);
  return [{ name: engine.cluster ?? 'default', account, accountId: undefined, isConfigured: true }];
}

function clustersOfRuns(own: readonly FoundRun[], { options, host }: Input): Promise<SearchedCluster[]> {
  const launches = own.flatMap(({ launch }) => launch ?? []);
  // Tasks on the embedded emulator end with it.
  const onAws = launches.filter(({ engine, emulated }) => engine === 'aws-fargate' && emulated === undefined);
  const byPlace = new Map(
    onAws.map((launch) => [`${launch.accountId} ${launch.prices?.region} ${clusterOf(launch.frozen)}`, launch]),
  );
  return Promise.all(
    [...byPlace.values()].map(async (launch) => ({
      name: clusterOf(launch.frozen),
      account: await accountOfRun(launch, options, host),
      accountId: launch.accountId,
      isConfigured: false,
    })),
  );
}
