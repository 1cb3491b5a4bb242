import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { deferred } from './deferred.ts';

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
}

/** An event as a stream has it: by time, and of one time in the order in which they came, whose number `order` is. */
export interface StoredEvent extends LogEvent {
  readonly order: number;
}

export interface Place {
  readonly group: string;
  readonly stream: string;
}

/** Log groups and their streams: a folder each, a stream one file of JSON lines that is only ever appended to. */
export interface LogStore {
  hasGroup(group: string): boolean;
  /** False when it exists already. */
  createGroup(group: string): boolean;
  deleteGroup(group: string): void;
  groups(): readonly { readonly name: string; readonly createdAt: number }[];
  /** A group's streams. */
  streams(group: string): readonly { readonly name: string; readonly createdAt: number }[];
  /** False when it exists already; the group must exist. */
  createStream(place: Place): boolean;
  deleteStream(place: Place): void;
  /** The stream is made by its first event. One for a group that is not there is lost, as it is on AWS. */
  append(place: Place, event: LogEvent): void;
  /** By time. Undefined when there is no such stream. */
  events(place: Place): readonly StoredEvent[] | undefined;
  /** False when that cannot be done. */
  flush(): boolean;
}

const DELAY_MS = 100;
/** A stream that nobody wrote or read for so long is in its file alone. */
const IDLE_MS = 60_000;

interface Group {
  readonly createdAt: number;
  readonly streams: Map<string, Stream>;
}

interface Stream {
  readonly createdAt: number;
  /** Undefined while they are in the file alone. */
  events: StoredEvent[] | undefined;
  unsaved: LogEvent[];
  usedAt: number;
}

interface Options {
  readonly clock: Pick<Clock, 'now'>;
  readonly say: (line: string) => void;
}

export function openLogStore(root: string, { clock, say }: Options): LogStore {
  const groups = readGroups(root);
  const changed = new Map<string, Stream>();
  const folderOf = (group: string) => join(root, fileName(group));
  const fileOf = ({ group, stream }: Place) => join(folderOf(group), `${fileName(stream)}.jsonl`);

  const writing = deferred({
    delayMs: DELAY_MS,
    say,
    write() {
      for (const [file, stream] of changed) {
        appendWhole(file, stream.unsaved.map((event) => `${JSON.stringify(event)}\n`).join(''));
        stream.unsaved = [];
        changed.delete(file);
      }
      forgetIdle();
    },
  });

  function isChanged(file: string, stream: Stream) {
    changed.set(file, stream);
    writing.soon();
  }

  function forgetIdle() {
    const limit = Date.now() - IDLE_MS;
    for (const { streams } of groups.values()) {
      for (const stream of streams.values()) if (stream.usedAt < limit) stream.events = undefined;
    }
  }

  /** The events of a stream, read from its file if need be. */
  function loaded(stream: Stream, file: string): StoredEvent[] {
    stream.usedAt = Date.now();
    stream.events ??= readEvents(file);
    return stream.events;
  }

  /** Opens a stream, which is made if it is not there. */
  function opened(place: Place, streams: Map<string, Stream>): Stream {
    const existing = streams.get(place.stream);
    if (existing) return existing;
    const made: Stream = { createdAt: clock.now(), events: [], unsaved: [], usedAt: 0 };
    streams.set(place.stream, made);
    isChanged(fileOf(place), made);
    return made;
  }

  return {
    flush: writing.now,
    hasGroup: (group) => groups.has(group),
    createGroup(group) {
      if (groups.has(group)) return false;
      mkdirSync(folderOf(group), { recursive: true });
      groups.set(group, { createdAt: clock.now(), streams: new Map() });
      return true;
    },
    deleteGroup(group) {
      for (const stream of groups.get(group)?.streams.keys() ?? []) changed.delete(fileOf({ group, stream }));
      groups.delete(group);
      rmSync(folderOf(group), { recursive: true, force: true });
    },
    groups: () => [...groups].map(([name, { createdAt }]) => ({ name, createdAt })),
    streams: (group) => [...(groups.get(group)?.streams ?? [])].map(([name, { createdAt }]) => ({ name, createdAt })),
    createStream(place) {
      const streams = groups.get(place.group)?.streams;
      if (!streams || streams.has(place.stream)) return false;
      opened(place, streams);
      return true;
    },
    deleteStream(place) {
      groups.get(place.group)?.streams.delete(place.stream);
      changed.delete(fileOf(place));
      rmSync(fileOf(place), { force: true });
    },
    append(place, event) {
      const streams = groups.get(place.group)?.streams;
      if (!streams) return;
      const stream = opened(place, streams);
      const file = fileOf(place);
      const events = loaded(stream, file);
      insert({ ...event, order: events.length }, events);
      stream.unsaved.push(event);
      isChanged(file, stream);
    },
    events(place) {
      const stream = groups.get(place.group)?.streams.get(place.stream);
      return stream && loaded(stream, fileOf(place));
    },
  };
}

/** Nearly every event is later than all before it. */
function insert(event: StoredEvent, events: StoredEvent[]): void {
  let index = events.length;
  while (index > 0 && (events[index - 1]?.timestamp ?? 0) > event.timestamp) index -= 1;
  events.splice(index, 0, event);
}

// Group names begin with a slash as a rule, and stream names hold two.
const fileName = (name: string): string =>
  encodeURIComponent(name).replace(/^\.+/, (dots) => dots.replaceAll('.', '%2E'));

/** Whether the file of a stream or the folder of a group of this name can be made: file systems take 255 bytes. */
export const isKeepable = (name: string): boolean => `${fileName(name)}.jsonl`.length <= 255;

function readGroups(root: string): Map<string, Group> {
  mkdirSync(root, { recursive: true });
  const groups = new Map<string, Group>();
  for (const folder of readdirSync(root)) {
    const streams = new Map<string, Stream>();
    for (const file of readdirSync(join(root, folder))) {
      const name = decodeURIComponent(file.replace(/\.jsonl$/, ''));
      streams.set(name, { createdAt: bornAt(join(root, folder, file)), events: undefined, unsaved: [], usedAt: 0 });
    }
    groups.set(decodeURIComponent(folder), { createdAt: bornAt(join(root, folder)), streams });
  }
  return groups;
}

const bornAt = (path: string): number => statSync(path).birthtimeMs;

/** Nothing, where it cannot be all: what is appended next would else stand behind half a line. */
function appendWhole(path: string, content: string): void {
  const file = openSync(path, 'a');
  const { size } = fstatSync(file);
  try {
    writeFileSync(file, content);
  } catch (error) {
    if (fstatSync(file).size > size) ftruncateSync(file, size);
    throw error;
  } finally {
    closeSync(file);
  }
}

function readEvents(file: string): StoredEvent[] {
  const bytes = readFileSync(file);
  // What follows the last line feed is either nothing or a line that a kill cut short.
  const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
  if (whole.length < bytes.length) truncateSync(file, whole.length);
  const lines = whole.toString().split('\n').slice(0, -1);
  const events = lines.map((line, order) => ({ ...(JSON.parse(line) as LogEvent), order }));
  return events.sort((a, b) => a.timestamp - b.timestamp || a.order - b.order);
}
