import { invalidParameter } from '../aws-error.ts';
import { flag, type Input, number, text } from '../input.ts';
import type { LogEvent, StoredEvent } from '../log-store.ts';
import type { World } from '../state.ts';
import { existingGroup, notFound } from './log-groups.ts';

// AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents: a page has up to 10,000 events and 1 MB.
const MOST_EVENTS = 10_000;
export const MOST_BYTES = 1_048_576;
// API_PutLogEvents: the size of an event is its UTF-8 bytes and 26 more.
const EVENT_OVERHEAD_BYTES = 26;

export const sizeOf = ({ message }: Pick<LogEvent, 'message'>): number =>
  Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;

// AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents. A token names a direction and a place in the stream; both
// tokens are always there, and at either end the one for going on is the one that was given.
export function getLogEvents(input: Input, world: World): Input {
  const group = existingGroup(input, world);
  const events = world.logs.events({ group, stream: text(input, 'logStreamName') ?? '' });
  if (!events) throw notFound('stream');
  const limit = number(input, 'limit') ?? MOST_EVENTS;
  const cursor = cursorOf(input, events);
  const from = number(input, 'startTime') ?? 0;
  const until = number(input, 'endTime') ?? Number.POSITIVE_INFINITY;
  const taken = take(events, { ...cursor, limit, wanted: ({ timestamp }) => timestamp >= from && timestamp < until });
  return {
    events: taken.events.map(({ order: _, ...event }) => event),
    nextForwardToken: tokenOf('f', taken.end),
    nextBackwardToken: tokenOf('b', taken.start),
  };
}

/** As many of the first events as `limit` and the size of a page allow. */
export function pageOfEvents<T extends LogEvent>(events: readonly T[], input: Input): T[] {
  const limit = number(input, 'limit') ?? MOST_EVENTS;
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += sizeOf(event);
    return index >= limit || (bytes > MOST_BYTES && index > 0);
  });
  return events.slice(0, end === -1 ? events.length : end);
}

/** A place between the events of a stream: before all that are not earlier. */
type Between = Pick<StoredEvent, 'timestamp' | 'order'>;

const compare = (a: Between, b: Between): number => a.timestamp - b.timestamp || a.order - b.order;
const after = ({ timestamp, order }: Between): Between => ({ timestamp, order: order + 1 });

interface Cursor {
  readonly direction: 'f' | 'b';
  readonly place: Between;
}

function cursorOf(input: Input, events: readonly StoredEvent[]): Cursor {
  const token = text(input, 'nextToken');
  if (token === undefined) {
    const start = { timestamp: 0, order: 0 };
    if (flag(input, 'startFromHead')) return { direction: 'f', place: start };
    const last = events.at(-1);
    return { direction: 'b', place: last ? after(last) : start };
  }
  const [, direction, timestamp, order] = /^([fb])\/(\d{28})(\d{28})\/s$/.exec(token) ?? [];
  if (direction !== 'f' && direction !== 'b') throw invalidParameter('The specified nextToken is invalid.');
  return { direction, place: { timestamp: Number(timestamp), order: Number(order) } };
}

function tokenOf(direction: 'f' | 'b', { timestamp, order }: Between): string {
  return `${direction}/${String(timestamp).padStart(28, '0')}${String(order).padStart(28, '0')}/s`;
}

/** The events of one page, oldest first, and the places before its first and after its last. */
function take(
  events: readonly StoredEvent[],
  options: Cursor & { limit: number; wanted: (event: LogEvent) => boolean },
): { events: StoredEvent[]; start: Between; end: Between } {
  const isForward = options.direction === 'f';
  const split = events.findLastIndex((event) => compare(event, options.place) < 0) + 1;
  const ahead = isForward ? events.slice(split) : events.slice(0, split).reverse();
  const taken: StoredEvent[] = [];
  let bytes = 0;
  let { place } = options;
  for (const event of ahead) {
    if (taken.length === options.limit) break;
    if (options.wanted(event)) {
      bytes += sizeOf(event);
      if (bytes > MOST_BYTES && taken.length > 0) break;
      taken.push(event);
    }
    place = isForward ? after(event) : event;
  }
  return isForward
    ? { events: taken, start: options.place, end: place }
    : { events: taken.reverse(), start: place, end: options.place };
}
