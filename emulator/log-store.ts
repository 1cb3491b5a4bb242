import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from './clock.ts';

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
}

/** Log groups and their streams: a folder each, a stream one file of JSON lines that is only ever appended to. */
export interface LogStore {
  hasGroup(group: string): boolean;
  /** False when it exists already. */
  createGroup(group: string): boolean;
  groups(): readonly { readonly name: string; readonly createdAt: number }[];
  /** The names of a group's streams. */
  streams(group: string): readonly string[];
  /** The stream is made by its first event. */
  append(place: { group: string; stream: string }, event: LogEvent): void;
  /** Undefined when there is no such stream. */
  events(place: { group: string; stream: string }): readonly LogEvent[] | undefined;
  flush(): void;
}

const DELAY_MS = 100;
/** A stream that nobody wrote or read for so long is in its file alone. */
const IDLE_MS = 60_000;

interface Group {
  readonly createdAt: number;
  readonly streams: Map<string, Stream>;
}

interface Stream {
  /** Undefined while they are in the file alone. */
  events: LogEvent[] | undefined;
  unsaved: LogEvent[];
  usedAt: number;
}

export function openLogStore(root: string, clock: Clock): LogStore {
  const groups = readGroups(root);
  const changed = new Map<string, Stream>();
  let timer: NodeJS.Timeout | undefined;
  const fileOf = (group: string, stream: string) => join(root, fileName(group), `${fileName(stream)}.jsonl`);

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    for (const [file, stream] of changed) {
      appendFileSync(file, stream.unsaved.map((event) => `${JSON.stringify(event)}\n`).join(''));
      stream.unsaved = [];
    }
    changed.clear();
    forgetIdle();
  }

  function forgetIdle() {
    const limit = Date.now() - IDLE_MS;
    for (const { streams } of groups.values()) {
      for (const stream of streams.values()) if (stream.usedAt < limit) stream.events = undefined;
    }
  }

  /** The events of a stream, read from its file if need be. */
  function loaded(stream: Stream, file: string): LogEvent[] {
    stream.usedAt = Date.now();
    stream.events ??= readEvents(file);
    return stream.events;
  }

  function createGroup(group: string) {
    if (groups.has(group)) return false;
    mkdirSync(join(root, fileName(group)), { recursive: true });
    groups.set(group, { createdAt: clock.now(), streams: new Map() });
    return true;
  }

  return {
    flush,
    createGroup,
    hasGroup: (group) => groups.has(group),
    groups: () => [...groups].map(([name, { createdAt }]) => ({ name, createdAt })),
    streams: (group) => [...(groups.get(group)?.streams.keys() ?? [])],
    append({ group, stream: name }, event) {
      createGroup(group);
      const streams = (groups.get(group) as Group).streams;
      const stream = streams.get(name) ?? { events: [], unsaved: [], usedAt: 0 };
      streams.set(name, stream);
      const file = fileOf(group, name);
      loaded(stream, file).push(event);
      stream.unsaved.push(event);
      changed.set(file, stream);
      timer ??= setTimeout(flush, DELAY_MS).unref();
    },
    events({ group, stream: name }) {
      const stream = groups.get(group)?.streams.get(name);
      return stream && loaded(stream, fileOf(group, name));
    },
  };
}

// Group names begin with a slash as a rule, and stream names hold two.
const fileName = (name: string): string =>
  encodeURIComponent(name).replace(/^\.+/, (dots) => dots.replaceAll('.', '%2E'));

function readGroups(root: string): Map<string, Group> {
  mkdirSync(root, { recursive: true });
  const groups = new Map<string, Group>();
  for (const folder of readdirSync(root)) {
    const streams = new Map<string, Stream>();
    for (const file of readdirSync(join(root, folder))) {
      const name = decodeURIComponent(file.replace(/\.jsonl$/, ''));
      streams.set(name, { events: undefined, unsaved: [], usedAt: 0 });
    }
    groups.set(decodeURIComponent(folder), { createdAt: statSync(join(root, folder)).birthtimeMs, streams });
  }
  return groups;
}

function readEvents(file: string): LogEvent[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  // What follows the last line feed is either nothing or a line that a kill cut short.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as LogEvent);
}
