import { logGroupArn } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { flag, type Input, number, text } from '../input.ts';
import type { LogEvent } from '../log-store.ts';
import type { World } from '../state.ts';

// AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents: a page has up to 10,000 events and 1 MB.
const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
// API_PutLogEvents: the size of an event is its UTF-8 bytes and 26 more.
const EVENT_OVERHEAD_BYTES = 26;

// AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.
export function createLogGroup(input: Input, world: World): Input {
  const name = text(input, 'logGroupName') ?? '';
  if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) throw invalidParameter(`Invalid log group name '${name}'.`);
  if (world.logs.createGroup(name)) return {};
  throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
}

// AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups: by name, up to 50 a page.
export function describeLogGroups(input: Input, world: World): Input {
  const prefix = text(input, 'logGroupNamePrefix') ?? '';
  const after = text(input, 'nextToken') ?? '';
  const limit = number(input, 'limit') ?? 50;
  const all = world.logs
    .groups()
    .filter(({ name }) => name.startsWith(prefix) && name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = all.slice(0, limit);
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

// AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents. A token names a direction and a place in the stream; both
// tokens are always there, and at either end the one for going on is the one that was given.
export function getLogEvents(input: Input, world: World): Input {
  const group = existingGroup(input, world);
  const events = world.logs.events({ group, stream: text(input, 'logStreamName') ?? '' });
  if (!events) throw notFound('stream');
  const limit = limitOf(input, MOST_EVENTS);
  const cursor = cursorOf(input, events.length);
  const from = number(input, 'startTime') ?? 0;
  const until = number(input, 'endTime') ?? Number.POSITIVE_INFINITY;
  const taken = take(events, { ...cursor, limit, wanted: ({ timestamp }) => timestamp >= from && timestamp < until });
  return {
    events: taken.events,
    nextForwardToken: tokenOf('f', taken.end),
    nextBackwardToken: tokenOf('b', taken.start),
  };
}

export const notFound = (what: 'group' | 'stream') =>
  new AwsError('ResourceNotFoundException', `The specified log ${what} does not exist.`);

/** The group that the request names, by name or ARN. */
export function existingGroup(input: Input, world: World): string {
  const group = text(input, 'logGroupName') ?? text(input, 'logGroupIdentifier')?.replace(/^.*:log-group:/, '') ?? '';
  if (!world.logs.hasGroup(group)) throw notFound('group');
  return group;
}

function limitOf(input: Input, most: number): number {
  const limit = number(input, 'limit') ?? most;
  if (limit >= 1 && limit <= most) return limit;
  throw invalidParameter(
    `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: ` +
      `Member must have value ${limit < 1 ? 'greater than or equal to 1' : `less than or equal to ${most}`}`,
  );
}

/** As many of the first events as `limit` and the size of a page allow. */
export function pageOfEvents<T extends LogEvent>(events: readonly T[], input: Input): T[] {
  const limit = limitOf(input, MOST_EVENTS);
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += sizeOf(event);
    return index >= limit || (bytes > MOST_BYTES && index > 0);
  });
  return events.slice(0, end === -1 ? events.length : end);
}

const sizeOf = ({ message }: LogEvent): number => Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;

const STREAMS_A_PAGE = 50;

// AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.
export function describeLogStreams(input: Input, world: World): Input {
  const group = existingGroup(input, world);
  const prefix = text(input, 'logStreamNamePrefix');
  const byTime = text(input, 'orderBy') === 'LastEventTime';
  if (byTime && prefix !== undefined)
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  const limit = limitOf(input, STREAMS_A_PAGE);
  const described = world.logs
    .streams(group)
    .filter((name) => name.startsWith(prefix ?? ''))
    .map((name) => describeStream(name, group, world))
    .sort((a, b) =>
      byTime ? a.lastEventTimestamp - b.lastEventTimestamp : a.logStreamName < b.logStreamName ? -1 : 1,
    );
  const ordered = flag(input, 'descending') ? described.reverse() : described;
  const after = text(input, 'nextToken');
  const start = after === undefined ? 0 : ordered.findIndex(({ logStreamName }) => logStreamName === after) + 1;
  const shown = ordered.slice(start, start + limit);
  const isLast = start + shown.length >= ordered.length;
  return { logStreams: shown, ...(isLast ? {} : { nextToken: shown.at(-1)?.logStreamName }) };
}

function describeStream(name: string, group: string, world: World) {
  const events = world.logs.events({ group, stream: name }) ?? [];
  const [first, last] = [events[0], events.at(-1)];
  return {
    logStreamName: name,
    creationTime: first?.ingestionTime ?? 0,
    firstEventTimestamp: first?.timestamp ?? 0,
    lastEventTimestamp: last?.timestamp ?? 0,
    lastIngestionTime: last?.ingestionTime ?? 0,
    arn: `${logGroupArn(world, group)}:log-stream:${name}`,
    storedBytes: 0,
  };
}

interface Cursor {
  readonly direction: 'f' | 'b';
  /** The index of the first event not yet seen going forward; going backward, one more than it. */
  readonly place: number;
}

function cursorOf(input: Input, count: number): Cursor {
  const token = text(input, 'nextToken');
  if (token === undefined) {
    return flag(input, 'startFromHead') ? { direction: 'f', place: 0 } : { direction: 'b', place: count };
  }
  const found = /^([fb])\/(\d{56})\/s$/.exec(token);
  if (!found) throw invalidParameter('The specified nextToken is invalid.');
  return { direction: found[1] as 'f' | 'b', place: Math.min(Number(found[2]), count) };
}

const tokenOf = (direction: 'f' | 'b', place: number): string => `${direction}/${String(place).padStart(56, '0')}/s`;

/** The events of one page, oldest first, and the places before its first and after its last. */
function take(
  events: readonly LogEvent[],
  options: Cursor & { limit: number; wanted: (event: LogEvent) => boolean },
): { events: LogEvent[]; start: number; end: number } {
  const step = options.direction === 'f' ? 1 : -1;
  const taken: LogEvent[] = [];
  let bytes = 0;
  let place = options.place;
  while (taken.length < options.limit) {
    const event = events[step === 1 ? place : place - 1];
    if (!event) break;
    if (options.wanted(event)) {
      bytes += sizeOf(event);
      if (bytes > MOST_BYTES && taken.length > 0) break;
      taken.push(event);
    }
    place += step;
  }
  return step === 1
    ? { events: taken, start: options.place, end: place }
    : { events: taken.reverse(), start: place, end: options.place };
}
