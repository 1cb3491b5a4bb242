import type { Input } from '../input.ts';
import type { World } from '../state.ts';
import { createCluster, deleteCluster, describeClusters, listClusters } from './clusters.ts';
import { filterLogEvents } from './filter-log-events.ts';
import { getLogEvents } from './log-events.ts';
import { createLogGroup, deleteLogGroup, describeLogGroups } from './log-groups.ts';
import { createLogStream, deleteLogStream, describeLogStreams } from './log-streams.ts';
import { putLogEvents } from './put-log-events.ts';
import { registerTaskDefinition } from './register-task-definition.ts';
import { deleteTaskDefinitions, deregisterTaskDefinition } from './retire-task-definitions.ts';
import { runTask } from './run-task.ts';
import { listTagsForResource, tagResource, untagResource } from './tags.ts';
import { describeTaskDefinition, listTaskDefinitionFamilies, listTaskDefinitions } from './task-definitions.ts';
import { describeTasks, listTasks, stopTask } from './tasks.ts';
import { putClusterCapacityProviders, updateCluster } from './update-cluster.ts';

/** Throws AwsError to answer with an error. */
export type Operation = (input: Input, world: World) => Input;

const ECS = 'AmazonEC2ContainerServiceV20141113';
const LOGS = 'Logs_20140328';

/** The services behind the first part of X-Amz-Target, as IAM has them. */
export const SERVICES: ReadonlyMap<string, string> = new Map([
  [ECS, 'ecs'],
  [LOGS, 'logs'],
]);

/** What the emulator answers, by the value of X-Amz-Target. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries<Operation>({
    [`${ECS}.CreateCluster`]: createCluster,
    [`${ECS}.DescribeClusters`]: describeClusters,
    [`${ECS}.ListClusters`]: listClusters,
    [`${ECS}.UpdateCluster`]: updateCluster,
    [`${ECS}.PutClusterCapacityProviders`]: putClusterCapacityProviders,
    [`${ECS}.DeleteCluster`]: deleteCluster,
    [`${ECS}.RegisterTaskDefinition`]: registerTaskDefinition,
    [`${ECS}.DescribeTaskDefinition`]: describeTaskDefinition,
    [`${ECS}.ListTaskDefinitions`]: listTaskDefinitions,
    [`${ECS}.ListTaskDefinitionFamilies`]: listTaskDefinitionFamilies,
    [`${ECS}.DeregisterTaskDefinition`]: deregisterTaskDefinition,
    [`${ECS}.DeleteTaskDefinitions`]: deleteTaskDefinitions,
    [`${ECS}.RunTask`]: runTask,
    [`${ECS}.DescribeTasks`]: describeTasks,
    [`${ECS}.ListTasks`]: listTasks,
    [`${ECS}.StopTask`]: stopTask,
    [`${ECS}.TagResource`]: tagResource,
    [`${ECS}.UntagResource`]: untagResource,
    [`${ECS}.ListTagsForResource`]: listTagsForResource,
    [`${LOGS}.CreateLogGroup`]: createLogGroup,
    [`${LOGS}.DeleteLogGroup`]: deleteLogGroup,
    [`${LOGS}.DescribeLogGroups`]: describeLogGroups,
    [`${LOGS}.CreateLogStream`]: createLogStream,
    [`${LOGS}.DeleteLogStream`]: deleteLogStream,
    [`${LOGS}.DescribeLogStreams`]: describeLogStreams,
    [`${LOGS}.PutLogEvents`]: putLogEvents,
    [`${LOGS}.GetLogEvents`]: getLogEvents,
    [`${LOGS}.FilterLogEvents`]: filterLogEvents,
  }),
);
