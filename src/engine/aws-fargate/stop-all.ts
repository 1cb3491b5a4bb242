import type { ServiceTrouble } from '../../model/trouble.ts';
import type { AwsAccount } from '../../service/aws/account.ts';
import { type EcsService, type EcsTask, ecsService } from '../../service/aws/ecs.ts';
import { ok, type Result } from '../../util/result.ts';

interface Stopping {
  readonly account: AwsAccount;
  readonly cluster: string;
  /** What must stop, as ECS describes it now. */
  readonly find: (ecs: EcsService) => Promise<Result<EcsTask[], ServiceTrouble>>;
  /** What ECS is to say of it. */
  readonly reason: string;
}

interface Patience {
  readonly sleep: (ms: number) => Promise<void>;
  readonly isOver: () => boolean;
}

const PAUSE_MS = 1500;

/**
 * Stops tasks, and describes them until none runs any more. How many tasks ECS knows, how many had to be stopped, and how
 * many run still where the patience was over before.
 */
export async function stopAll(
  { account, cluster, find, reason }: Stopping,
  { sleep, isOver }: Patience,
): Promise<Result<{ known: number; stopped: number; left: number }, ServiceTrouble>> {
  const ecs = ecsService(account);
  const asked = new Set<string>();
  try {
    for (;;) {
      const tasks = await find(ecs);
      if (!tasks.ok) return tasks;
      const alive = tasks.value.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
      if (alive.length === 0 || isOver())
        return ok({ known: tasks.value.length, stopped: asked.size, left: alive.length });
      for (const { taskArn = '', desiredStatus } of alive) {
        if (desiredStatus === 'STOPPED') continue;
        asked.add(taskArn);
        const stopped = await ecs.stopTask(cluster, taskArn, reason);
        if (!stopped.ok) return stopped;
      }
      await sleep(PAUSE_MS);
    }
  } finally {
    ecs.close();
  }
}

interface TasksOfRun {
  readonly cluster: string;
  readonly runId: string;
  /** ARNs of those that its records name: what ListTasks shows may be some seconds old. */
  readonly recorded: readonly string[];
}

/** What ECS remembers of a run. */
export async function tasksOf(
  ecs: EcsService,
  { cluster, runId, recorded }: TasksOfRun,
): Promise<Result<EcsTask[], ServiceTrouble>> {
  const listed = await ecs.listTasks(cluster, runId);
  if (!listed.ok) return listed;
  const arns = [...new Set([...listed.value, ...recorded])];
  return arns.length === 0 ? ok([]) : ecs.describeTasks(cluster, arns);
}
