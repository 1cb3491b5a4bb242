import { RUN_ID_TAG } from '../../fargate/run-task-request.ts';
import type { AwsAccount } from '../../service/aws/account.ts';
import type { Answer } from '../../service/aws/call.ts';
import { type EcsTask, ecsService } from '../../service/aws/ecs.ts';
import type { Limiter } from '../../service/aws/rates.ts';
import { ok } from '../../util/result.ts';

/** An ECS task that runs, or is about to, and that says by its tag of which run it is. */
export interface LiveTask {
  readonly taskArn: string;
  readonly runId: string;
  /** Its name in the plan. */
  readonly task: string | undefined;
  readonly family: string | undefined;
  readonly startedBy: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined;
  readonly lastStatus: string | undefined;
}

export interface Cluster {
  readonly account: AwsAccount;
  readonly name: string;
}

/** As everything that starts tasks of Wherry's makes them (CONTRACTS §5). */
const RUN_ID = /^[A-Za-z0-9-]{1,36}$/;

/** Wherry's tasks on a cluster, of whatever run. One without its tag is somebody else's. */
export async function liveTasks({ account, name }: Cluster, limit: Limiter): Promise<Answer<LiveTask[]>> {
  const ecs = ecsService(account, limit);
  try {
    const listed = await ecs.listRunningTasks(name);
    const described = listed.ok ? await ecs.describeTaggedTasks(name, listed.value) : listed;
    return described.ok ? ok(described.value.flatMap(liveTask)) : described;
  } finally {
    ecs.close();
  }
}

function liveTask({ tags, desiredStatus, overrides, ...task }: EcsTask): LiveTask[] {
  const runId = tags?.find(({ key }) => key === RUN_ID_TAG)?.value ?? '';
  if (!RUN_ID.test(runId) || desiredStatus === 'STOPPED') return [];
  const variables = overrides?.containerOverrides?.flatMap(({ environment }) => environment ?? []);
  return [
    {
      taskArn: task.taskArn ?? '',
      runId,
      task: variables?.find(({ name }) => name === 'WHERRY_TASK')?.value,
      family: /task-definition\/([^:]+)/.exec(task.taskDefinitionArn ?? '')?.[1],
      startedBy: task.startedBy,
      createdAt: task.createdAt?.getTime(),
      lastStatus: task.lastStatus,
    },
  ];
}
