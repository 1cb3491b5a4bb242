import { clusterOf } from '../engine/aws-fargate/launch.ts';
import type { Cluster, LiveTask } from '../engine/aws-fargate/live-tasks.ts';
import type { RunStateName } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { EcsService } from '../service/aws/ecs.ts';
import { type Limiter, limiter } from '../service/aws/rates.ts';
import { ok, type Result } from '../util/result.ts';
import { accountFrom, accountOfRun } from './aws-account.ts';
import { type CommandInput, OutOfReach } from './command.ts';
import { type MirrorOptions, mirrorOfOthers } from './mirror.ts';
import { type FoundRun, openRunStore, recordedRun } from './run-store.ts';
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

/** Whether all has stopped; undefined where it is no orphan any more. */
export async function stopOrphan(
  { cluster, tasks, run }: LiveRun,
  input: Input,
): Promise<Result<{ readonly isGone: boolean } | undefined, ServiceTrouble>> {
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
  const stop = async () => {
    const stopped = await stopAll(stopping, patience);
    return stopped.ok ? ok({ isGone: stopped.value.left === 0 }) : stopped;
  };
  return run === undefined ? stop() : whileOver(run, input, stop);
}

/** What runs of Wherry's, by ECS, and the records of it. `own`: the runs of this machine. */
export async function findLiveRuns(own: readonly FoundRun[], input: Input): Promise<LiveRun[]> {
  const { options, host } = input;
  const clusters = await clustersToSearch(own, input);
  const limit = limiter(host);
  const live = (await Promise.all(clusters.map((cluster) => liveOn(cluster, limit)))).flat();
  if (live.length === 0) return [];
  const store = await openRunStore(options, host);
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
}

/** The cluster of the settings, and those where runs of this machine were begun. */
async function clustersToSearch(own: readonly FoundRun[], { options, host }: Input): Promise<SearchedCluster[]> {
  const { execution_engine: engine } = await settingsWithoutProject(options, host);
  const places = new Map<string, SearchedCluster>();
  const add = (cluster: SearchedCluster) => {
    const place = `${cluster.account.region} ${cluster.name}`;
    if (!places.has(place)) places.set(place, cluster);
  };
  if (engine.type === 'aws-fargate') {
    const account = await accountFrom(engine, options, host);
    add({ name: engine.cluster ?? 'default', account, isConfigured: true });
  }
  const launches = own.flatMap(({ launch }) => (launch?.engine === 'aws-fargate' ? launch : []));
  const byPlace = new Map(launches.map((launch) => [`${launch.prices?.region} ${clusterOf(launch.frozen)}`, launch]));
  for (const launch of byPlace.values()) {
    const account = await accountOfRun(launch, options, host);
    add({ name: clusterOf(launch.frozen), account, isConfigured: false });
  }
  return [...places.values()];
}
