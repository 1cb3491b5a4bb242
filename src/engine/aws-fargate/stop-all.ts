import type { ServiceTrouble } from '../../model/trouble.ts';
import type { AwsAccount } from '../../service/aws/account.ts';
import { type EcsService, type EcsTask, ecsService } from '../../service/aws/ecs.ts';
import { ok, type Result } from '../../util/result.ts';
import type { Frozen } from '../engine.ts';
import { thaw } from './launch.ts';

interface RunOnAws {
  readonly account: AwsAccount;
  readonly runId: string;
  readonly frozen: Frozen;
}

interface Patience {
  readonly sleep: (ms: number) => Promise<void>;
  readonly isOver: () => boolean;
}

const PAUSE_MS = 1500;

/**
 * Stops whatever ECS has of a run, and describes it until nothing of it runs any more. How many tasks ECS knows, how many
 * had to be stopped, and how many run still where the patience was over before.
 */
export async function stopAllOf(
  { account, runId, frozen }: RunOnAws,
  { sleep, isOver }: Patience,
): Promise<Result<{ known: number; stopped: number; left: number }, ServiceTrouble>> {
  const ecs = ecsService(account);
  const cluster = thaw(frozen).settings.execution_engine.cluster ?? 'default';
  const asked = new Set<string>();
  try {
    for (;;) {
      const tasks = await tasksOf(ecs, cluster, runId);
      if (!tasks.ok) return tasks;
      const alive = tasks.value.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
      if (alive.length === 0 || isOver())
        return ok({ known: tasks.value.length, stopped: asked.size, left: alive.length });
      for (const { taskArn = '', desiredStatus } of alive) {
        if (desiredStatus === 'STOPPED') continue;
        asked.add(taskArn);
        const stopped = await ecs.stopTask(cluster, taskArn, 'the run was cancelled');
        if (!stopped.ok) return stopped;
      }
      await sleep(PAUSE_MS);
    }
  } finally {
    ecs.close();
  }
}

/** What ECS remembers of a run. */
export async function tasksOf(
  ecs: EcsService,
  cluster: string,
  runId: string,
): Promise<Result<EcsTask[], ServiceTrouble>> {
  const listed = await ecs.listTasks(cluster, runId);
  if (!listed.ok || listed.value.length === 0) return listed.ok ? ok([]) : listed;
  return ecs.describeTasks(cluster, listed.value);
}
