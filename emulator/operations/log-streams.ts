import { logGroupArn } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { flag, type Input, number, text } from '../input.ts';
import type { World } from '../state.ts';
import { checkKeepable, existingGroup, notFound } from './log-groups.ts';

// AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.
export function createLogStream(input: Input, world: World): Input {
  const stream = text(input, 'logStreamName') ?? '';
  checkKeepable(stream);
  if (world.logs.createStream({ group: existingGroup(input, world), stream })) return {};
  throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
}

// AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogStream.
export function deleteLogStream(input: Input, world: World): Input {
  const place = { group: existingGroup(input, world), stream: text(input, 'logStreamName') ?? '' };
  if (!world.logs.events(place)) throw notFound('stream');
  world.logs.deleteStream(place);
  return {};
}

const STREAMS_A_PAGE = 50;

// AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.
export function describeLogStreams(input: Input, world: World): Input {
  const group = existingGroup(input, world);
  const prefix = text(input, 'logStreamNamePrefix');
  const byTime = input.orderBy === 'LastEventTime';
  if (byTime && prefix !== undefined)
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  const limit = number(input, 'limit') ?? STREAMS_A_PAGE;
  const described = world.logs
    .streams(group)
    .filter(({ name }) => name.startsWith(prefix ?? ''))
    .map((stream) => describeStream(stream, group, world))
    .sort((a, b) => {
      const inTime = byTime ? (a.lastEventTimestamp ?? 0) - (b.lastEventTimestamp ?? 0) : 0;
      return inTime || (a.logStreamName < b.logStreamName ? -1 : 1);
    });
  const ordered = flag(input, 'descending') ? described.reverse() : described;
  const after = text(input, 'nextToken');
  const start = after === undefined ? 0 : ordered.findIndex(({ logStreamName }) => logStreamName === after) + 1;
  const shown = ordered.slice(start, start + limit);
  const isLast = start + shown.length >= ordered.length;
  return { logStreams: shown, ...(isLast ? {} : { nextToken: shown.at(-1)?.logStreamName }) };
}

function describeStream(stream: { name: string; createdAt: number }, group: string, world: World) {
  const events = world.logs.events({ group, stream: stream.name }) ?? [];
  const [first, last] = [events[0], events.at(-1)];
  return {
    logStreamName: stream.name,
    creationTime: Math.floor(stream.createdAt),
    ...(first && last
      ? {
          firstEventTimestamp: first.timestamp,
          lastEventTimestamp: last.timestamp,
          lastIngestionTime: Math.max(...[first, last].map(({ ingestionTime }) => ingestionTime)),
        }
      : {}),
    arn: `${logGroupArn(world, group)}:log-stream:${stream.name}`,
    storedBytes: 0,
  };
}
