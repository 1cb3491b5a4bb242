import type { ServiceTrouble } from '../../model/trouble.ts';
import { FILTER_LIMIT, type LogEvent, type LogGroup, type LogsService, type Streams } from '../../service/aws/logs.ts';
import { batches } from '../../util/batches.ts';
import { ok, type Result } from '../../util/result.ts';
import type { Handle, LogLine } from '../engine.ts';

/** Where the lines of an attempt go. */
export interface LogPlace {
  readonly group: LogGroup;
  /** Of the names of all streams of this run in the group, and few others. */
  readonly prefix: string;
  readonly stream: string;
  /** No line is older: milliseconds since the epoch, by the service's clock. */
  readonly from: number;
}

interface Followed extends LogPlace {
  from: number;
  /** Whether the stream is known to exist: one that does not would fail the call for all. */
  isThere: boolean;
  /** No lines are written any more. */
  isOver: boolean;
  /** Events from `from` on that were given already, and their time. */
  readonly given: Map<string, number>;
}

type Member = readonly [Handle, Followed];

/** Reads many streams with few calls: those that are there by name, the others by what their names begin with. */
export class LogReader {
  readonly #logs: Pick<LogsService, 'filter'>;
  /** How late a line may come after lines that are younger. */
  readonly #lateMs: number;
  readonly #groupMissing: (group: LogGroup) => void;
  readonly #followed = new Map<Handle, Followed>();
  /** The youngest line of each group: what a clock of ours says means nothing there. */
  readonly #newest = new Map<string, number>();
  readonly #missing = new Set<string>();
  /** What was read and not given yet: a read that fails half-way does not lose the half. */
  #read = new Map<Handle, LogLine[]>();

  /** `groupMissing` is told, once, of a group that is not there though what was to write to it has ended. */
  constructor(logs: Pick<LogsService, 'filter'>, lateMs: number, groupMissing: (group: LogGroup) => void) {
    this.#logs = logs;
    this.#lateMs = lateMs;
    this.#groupMissing = groupMissing;
  }

  /** From now on its lines can be read. Saying it twice is saying it once. */
  follow(handle: Handle, place: LogPlace): void {
    if (!this.#followed.has(handle))
      this.#followed.set(handle, { ...place, isThere: false, isOver: false, given: new Map() });
  }

  /** What writes its lines has ended. */
  ended(handle: Handle): void {
    const followed = this.#followed.get(handle);
    if (followed !== undefined) followed.isOver = true;
  }

  /** What is new of each of them since it was read last. Those that are not asked for any more are forgotten. */
  async read(handles: readonly Handle[]): Promise<Result<Map<Handle, LogLine[]>, ServiceTrouble>> {
    const wanted = new Set(handles);
    for (const handle of this.#followed.keys()) if (!wanted.has(handle)) this.#followed.delete(handle);
    const followed = handles.flatMap((handle): Member[] => {
      const one = this.#followed.get(handle);
      return one === undefined ? [] : [[handle, one]];
    });
    for (const [key, members] of groupBy(followed, ([, { group }]) => `${group.region ?? ''}|${group.name}`)) {
      const read = await this.#readGroup(key, members);
      if (!read.ok) return read;
    }
    const lines = this.#read;
    this.#read = new Map();
    return ok(lines);
  }

  async #readGroup(key: string, members: readonly Member[]): Promise<Result<void, ServiceTrouble>> {
    const group = members[0]?.[1].group;
    if (group === undefined) return ok(undefined);
    const there = members.filter(([, { isThere }]) => isThere);
    const others = members.filter(([, { isThere }]) => !isThere);
    const reads = [
      ...batches(there, FILTER_LIMIT).map((some) => ({
        some,
        streams: { names: some.map(([, { stream }]) => stream) } as Streams,
      })),
      ...[...groupBy(others, ([, { prefix }]) => prefix)].map(([prefix, some]) => ({ some, streams: { prefix } })),
    ];
    for (const { some, streams } of reads) {
      const from = Math.min(...some.map(([, followed]) => followed.from));
      let seen = Number.NEGATIVE_INFINITY;
      const read = await this.#logs.filter({ group, streams, from }, (events) => {
        this.#take(some, events);
        seen = events.reduce((newest, { at }) => Math.max(newest, at), seen);
      });
      const newest = Math.max(seen, this.#newest.get(key) ?? seen);
      this.#newest.set(key, newest);
      const isWhole = read.ok && read.value;
      // Pages come by time: after one that fails the next read goes on from there.
      for (const [, followed] of some) moveOn(followed, (isWhole ? newest : seen) - this.#lateMs);
      if (!read.ok) return read;
      if (!isWhole) for (const [, followed] of some) followed.isThere = false;
      if (!isWhole && 'prefix' in streams && some.some(([, { isOver }]) => isOver)) this.#tellMissing(key, group);
    }
    return ok(undefined);
  }

  #tellMissing(key: string, group: LogGroup): void {
    if (!this.#missing.has(key)) this.#groupMissing(group);
    this.#missing.add(key);
  }

  #take(members: readonly Member[], events: readonly LogEvent[]): void {
    const byStream = new Map(members.map((member) => [member[1].stream, member]));
    for (const { id, stream, at, text } of events) {
      const [handle, followed] = byStream.get(stream) ?? [];
      if (handle === undefined || followed === undefined || at < followed.from || followed.given.has(id)) continue;
      followed.isThere = true;
      followed.given.set(id, at);
      const own = this.#read.get(handle) ?? [];
      // An event may be of several lines (awslogs-multiline-pattern).
      for (const line of text.split('\n')) own.push({ at, text: line });
      this.#read.set(handle, own);
    }
  }
}

/** What is older than `from` is not looked at again, and need not be remembered. */
function moveOn(followed: Followed, from: number): void {
  followed.from = Math.max(followed.from, from);
  for (const [id, at] of followed.given) if (at < followed.from) followed.given.delete(id);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    group.push(item);
    groups.set(key(item), group);
  }
  return groups;
}
