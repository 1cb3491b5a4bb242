import { invalidParameter } from '../aws-error.ts';
import { type Input, number, objects, text } from '../input.ts';
import type { World } from '../state.ts';
import { MOST_BYTES, sizeOf } from './log-events.ts';
import { existingGroup, notFound } from './log-groups.ts';

const HOUR_MS = 3_600_000;
const OLDEST_MS = 14 * 24 * HOUR_MS;
const NEWEST_MS = 2 * HOUR_MS;

interface Written {
  readonly timestamp: number;
  readonly message: string;
}

// AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents. Sequence tokens are not looked at any more.
export function putLogEvents(input: Input, world: World): Input {
  const place = { group: existingGroup(input, world), stream: text(input, 'logStreamName') ?? '' };
  if (!world.logs.events(place)) throw notFound('stream');
  const batch = (objects(input, 'logEvents') ?? []).map((event) => ({
    timestamp: number(event, 'timestamp') ?? 0,
    message: text(event, 'message') ?? '',
  }));
  checkBatch(batch);
  const now = world.clock.now();
  const start = firstAt(batch, now - OLDEST_MS);
  const end = firstAt(batch, now + NEWEST_MS + 1);
  for (const event of batch.slice(start, end)) {
    world.logs.append(place, { ...event, ingestionTime: Math.floor(now) });
  }
  const rejected = {
    ...(start > 0 ? { tooOldLogEventEndIndex: start } : {}),
    ...(end < batch.length ? { tooNewLogEventStartIndex: end } : {}),
  };
  return {
    nextSequenceToken: '0'.repeat(56),
    ...(Object.keys(rejected).length > 0 ? { rejectedLogEventsInfo: rejected } : {}),
  };
}

/** The index of the first event of this time or later. */
function firstAt(batch: readonly Written[], timestamp: number): number {
  const index = batch.findIndex((event) => event.timestamp >= timestamp);
  return index === -1 ? batch.length : index;
}

function checkBatch(batch: readonly Written[]): void {
  const bytes = batch.reduce((sum, event) => sum + sizeOf(event), 0);
  if (bytes > MOST_BYTES) throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MOST_BYTES}`);
  if (batch.some(({ timestamp }, index) => timestamp < (batch[index - 1]?.timestamp ?? 0))) {
    throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
  }
  const [first, last] = [batch[0], batch.at(-1)];
  if (first && last && last.timestamp - first.timestamp > 24 * HOUR_MS) {
    throw invalidParameter('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}
