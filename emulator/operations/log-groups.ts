import { logGroupArn } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { type Input, number, text } from '../input.ts';
import { isKeepable } from '../log-store.ts';
import type { World } from '../state.ts';

// AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.
export function createLogGroup(input: Input, world: World): Input {
  const name = text(input, 'logGroupName') ?? '';
  if (name.startsWith('aws/')) throw invalidParameter(`Invalid log group name '${name}'.`);
  checkKeepable(name);
  if (world.logs.createGroup(name)) return {};
  throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
}

export function checkKeepable(name: string): void {
  if (!isKeepable(name)) throw invalidParameter(`The emulator cannot keep a name as long as '${name}'.`);
}

// AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.
export function deleteLogGroup(input: Input, world: World): Input {
  world.logs.deleteGroup(existingGroup(input, world));
  return {};
}

const GROUPS_A_PAGE = 50;

// AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups: by name, up to 50 a page.
export function describeLogGroups(input: Input, world: World): Input {
  const prefix = text(input, 'logGroupNamePrefix');
  const pattern = text(input, 'logGroupNamePattern');
  if (prefix !== undefined && pattern !== undefined) {
    throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  const after = text(input, 'nextToken') ?? '';
  const all = world.logs
    .groups()
    .filter(({ name }) => name.startsWith(prefix ?? '') && name.includes(pattern ?? '') && name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = all.slice(0, number(input, 'limit') ?? GROUPS_A_PAGE);
  return {
    logGroups: shown.map(({ name, createdAt }) => ({
      logGroupName: name,
      creationTime: Math.floor(createdAt),
      metricFilterCount: 0,
      arn: `${logGroupArn(world, name)}:*`,
      logGroupArn: logGroupArn(world, name),
      storedBytes: 0,
      logGroupClass: 'STANDARD',
    })),
    ...(all.length > shown.length ? { nextToken: shown.at(-1)?.name } : {}),
  };
}

export const notFound = (what: 'group' | 'stream') =>
  new AwsError('ResourceNotFoundException', `The specified log ${what} does not exist.`);

/** The group that the request names, by name or ARN. */
export function existingGroup(input: Input, world: World): string {
  const name = text(input, 'logGroupName');
  const identifier = text(input, 'logGroupIdentifier');
  if ((name === undefined) === (identifier === undefined)) {
    throw invalidParameter('Exactly one of logGroupName and logGroupIdentifier must be specified.');
  }
  const group = name ?? identifier?.replace(/^.*:log-group:/, '').replace(/:\*$/, '') ?? '';
  if (!world.logs.hasGroup(group)) throw notFound('group');
  return group;
}
