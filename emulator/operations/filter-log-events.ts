import { invalidParameter } from '../aws-error.ts';
import { filterPattern } from '../filter-pattern.ts';
import { flag, type Input, number, text, texts } from '../input.ts';
import type { StoredEvent } from '../log-store.ts';
import type { World } from '../state.ts';
import { pageOfEvents } from './log-events.ts';
import { existingGroup, notFound } from './log-groups.ts';

/** An event and where it stands: by time, then stream, then order in it. */
interface Found extends StoredEvent {
  readonly stream: string;
}

// AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents. The token names the last event of the page, so that
// events which come later with later times are not missed.
export function filterLogEvents(input: Input, world: World): Input {
  const group = existingGroup(input, world);
  const wanted = filterPattern(text(input, 'filterPattern') ?? '');
  const from = number(input, 'startTime') ?? 0;
  const until = number(input, 'endTime') ?? Number.POSITIVE_INFINITY;
  const after = lastOf(text(input, 'nextToken'));
  const isForward = flag(input, 'startFromHead') ?? true;
  const inOrder = (a: Place, b: Place) => (isForward ? compare(a, b) : compare(b, a));
  const found = streamsOf(input, group, world)
    .flatMap((stream) => {
      const events = world.logs.events({ group, stream }) ?? [];
      // As documented, endTime is inclusive here: "Events with a timestamp later than this time are not returned."
      return events
        .filter(({ timestamp, message }) => timestamp >= from && timestamp <= until && wanted(message))
        .map((event): Found => ({ ...event, stream }));
    })
    .filter((event) => after === undefined || inOrder(event, after) > 0)
    .sort(inOrder);
  const shown = pageOfEvents(found, input);
  const last = shown.at(-1);
  return {
    events: shown.map(({ stream, timestamp, message, ingestionTime, order }) => ({
      logStreamName: stream,
      timestamp,
      message,
      ingestionTime,
      eventId: `${String(timestamp).padStart(28, '0')}${String(order).padStart(28, '0')}`,
    })),
    searchedLogStreams: [],
    ...(last !== undefined && shown.length < found.length ? { nextToken: tokenOf(last) } : {}),
  };
}

function streamsOf(input: Input, group: string, { logs }: World): string[] {
  const names = texts(input, 'logStreamNames');
  const prefix = text(input, 'logStreamNamePrefix');
  if (names !== undefined && prefix !== undefined)
    throw invalidParameter('logStreamNames and logStreamNamePrefix cannot be specified together.');
  const all = logs.streams(group).map(({ name }) => name);
  if (names === undefined) return all.filter((name) => name.startsWith(prefix ?? ''));
  if (names.some((name) => !all.includes(name))) throw notFound('stream');
  return names;
}

type Place = Pick<Found, 'timestamp' | 'stream' | 'order'>;

function compare(a: Place, b: Place): number {
  return a.timestamp - b.timestamp || (a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : a.order - b.order);
}

function tokenOf({ timestamp, stream, order }: Place): string {
  return Buffer.from(JSON.stringify({ timestamp, stream, order })).toString('base64url');
}

function lastOf(token: string | undefined): Place | undefined {
  if (token === undefined) return undefined;
  try {
    const place = JSON.parse(Buffer.from(token, 'base64url').toString()) as Place;
    if (typeof place.timestamp === 'number' && typeof place.stream === 'string') return place;
  } catch {
    // Falls through: the token is none of ours.
  }
  throw invalidParameter('The specified nextToken is invalid.');
}
