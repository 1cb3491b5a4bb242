import type { Input } from '../input.ts';
import type { World } from '../state.ts';
import { createCluster, describeClusters } from './clusters.ts';
import { filterLogEvents } from './filter-log-events.ts';
import { createLogGroup, describeLogGroups, describeLogStreams, getLogEvents } from './logs.ts';
import { registerTaskDefinition } from './register-task-definition.ts';
import { runTask } from './run-task.ts';
import { describeTaskDefinition, listTaskDefinitions } from './task-definitions.ts';
import { describeTasks, listTasks, stopTask } from './tasks.ts';

/** Throws AwsError to answer with an error. */
export type Operation = (input: Input, world: World) => Input;

const ECS = 'AmazonEC2ContainerServiceV20141113';
const LOGS = 'Logs_20140328';

/** The services behind the first part of X-Amz-Target, as IAM has them. */
export const SERVICES: Readonly<Record<string, string>> = { [ECS]: 'ecs', [LOGS]: 'logs' };

/** What the emulator answers, by the value of X-Amz-Target. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  [`${ECS}.CreateCluster`]: createCluster,
  [`${ECS}.DescribeClusters`]: describeClusters,
  [`${ECS}.RegisterTaskDefinition`]: registerTaskDefinition,
  [`${ECS}.DescribeTaskDefinition`]: describeTaskDefinition,
  [`${ECS}.ListTaskDefinitions`]: listTaskDefinitions,
  [`${ECS}.RunTask`]: runTask,
  [`${ECS}.DescribeTasks`]: describeTasks,
  [`${ECS}.ListTasks`]: listTasks,
  [`${ECS}.StopTask`]: stopTask,
  [`${LOGS}.CreateLogGroup`]: createLogGroup,
  [`${LOGS}.DescribeLogGroups`]: describeLogGroups,
  [`${LOGS}.DescribeLogStreams`]: describeLogStreams,
  [`${LOGS}.FilterLogEvents`]: filterLogEvents,
  [`${LOGS}.GetLogEvents`]: getLogEvents,
};
