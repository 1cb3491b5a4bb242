import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogEvent, LogsService } from '../../service/aws/logs.ts';
import { batches } from '../../util/batches.ts';
import { failed, ok } from '../../util/result.ts';
import { LogReader } from './log-reader.ts';

const LATE_MS = 50;
const nothingMissing = () => assert.fail('a group is missing');
const PAGE = 3;
const THROTTLED = {
  kind: 'throttled',
  service: 'CloudWatch Logs',
  operation: 'FilterLogEvents',
  code: 'ThrottlingException',
  detail: 'Rate exceeded',
  help: '',
} as const;

/** CloudWatch Logs as FilterLogEvents shows it: a stream comes into being with its first event, lines may come late. */
class SimulatedLogs {
  calls = 0;
  readonly #events: LogEvent[] = [];

  put(stream: string, at: number): void {
    const id = String(this.#events.length).padStart(8, '0');
    this.#events.push({ id, stream, at, text: `${stream} ${id}` });
  }

  /** Of the pages to come: which one fails. */
  failsAt = Number.POSITIVE_INFINITY;

  readonly service: Pick<LogsService, 'filter'> = {
    filter: async ({ streams, from }, take) => {
      this.calls++;
      const there = new Set(this.#events.map(({ stream }) => stream));
      if ('names' in streams && streams.names.some((name) => !there.has(name))) return ok(false);
      const isWanted = (stream: string) =>
        'names' in streams ? streams.names.includes(stream) : stream.startsWith(streams.prefix);
      const found = this.#events.filter(({ stream, at }) => at >= from && isWanted(stream));
      found.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
      for (const page of batches(found, PAGE)) {
        if (this.failsAt-- <= 0) {
          this.failsAt = Number.POSITIVE_INFINITY;
          return failed(THROTTLED);
        }
        take(page);
      }
      return ok(true);
    },
  };

  get texts(): string[] {
    return this.#events.filter(({ stream }) => stream.startsWith('ecs/main/s')).map(({ text }) => text);
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('put' as const), stream: fc.nat(7), late: fc.nat(LATE_MS) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), failsAt: fc.option(fc.nat(6)) }) },
);

test('log reader: every line of the streams that are followed is given once, also of those that come into being late or lag behind, and whatever page fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const logs = new SimulatedLogs();
      const reader = new LogReader(logs.service, LATE_MS, nothingMissing);
      // Of the eight streams two are another run's.
      const handles = [0, 1, 2, 3, 4, 5].map((number) => `s${number}`);
      for (const handle of handles)
        reader.follow(handle, {
          group: { name: 'g' },
          prefix: 'ecs/main/',
          stream: `ecs/main/${handle}`,
          from: 1000 - LATE_MS,
        });
      const given: string[] = [];
      const read = async () => {
        const pages = await reader.read(handles);
        if (!pages.ok) return;
        for (const lines of pages.value.values()) given.push(...lines.map(({ text }) => text));
      };
      let now = 1000;
      for (const each of steps) {
        if (each.kind === 'pass') now += each.ms;
        else if (each.kind === 'read') {
          logs.failsAt = each.failsAt ?? Number.POSITIVE_INFINITY;
          await read();
        } else logs.put(each.stream < 6 ? `ecs/main/s${each.stream}` : `ecs/main/other${each.stream}`, now - each.late);
      }
      logs.failsAt = Number.POSITIVE_INFINITY;
      await read();
      await read();
      assert.deepEqual([...given].sort(), [...logs.texts].sort());
    }),
    { numRuns: 500 },
  );
});

test('log reader: where a call fails, nothing is lost of those before it, and nothing passed over of those after it', async () => {
  const logs = new SimulatedLogs();
  const reader = new LogReader(logs.service, LATE_MS, nothingMissing);
  for (const handle of ['s0', 's1'])
    reader.follow(handle, { group: { name: 'g' }, prefix: 'ecs/main/', stream: `ecs/main/${handle}`, from: 0 });
  logs.put('ecs/main/s0', 1000);
  await reader.read(['s0', 's1']);
  logs.put('ecs/main/s1', 1100);
  logs.put('ecs/main/s0', 2000);
  // The page of what is there, and not the one of what is not known yet.
  logs.failsAt = 1;
  assert.equal((await reader.read(['s0', 's1'])).ok, false);
  const read = await reader.read(['s0', 's1']);
  assert.ok(read.ok);
  assert.deepEqual([...read.value.keys()].sort(), ['s0', 's1']);
});

test('log reader: streams that are there are read a hundred a call, whatever is printed', async () => {
  const logs = new SimulatedLogs();
  const reader = new LogReader(logs.service, LATE_MS, nothingMissing);
  const handles = Array.from({ length: 250 }, (_, index) => `s${index}`);
  for (const handle of handles) {
    reader.follow(handle, { group: { name: 'g' }, prefix: 'ecs/main/', stream: `ecs/main/${handle}`, from: 0 });
    logs.put(`ecs/main/${handle}`, 1);
  }
  await reader.read(handles);
  assert.equal(logs.calls, 1, 'before any is known, one call reads them all');
  await reader.read(handles);
  assert.equal(logs.calls, 1 + 3);
  const quiet = await reader.read(handles);
  assert.ok(quiet.ok && quiet.value.size === 0);
});

test('log reader: an event of several lines is so many lines', async () => {
  const event = { id: '1', stream: 'ecs/main/s', at: 5, text: 'Traceback:\n  File "x"' };
  const filter: LogsService['filter'] = async (_wanted, take) => {
    take([event]);
    return ok(true);
  };
  const reader = new LogReader({ filter }, LATE_MS, nothingMissing);
  reader.follow('s', { group: { name: 'g' }, prefix: 'ecs/main/', stream: event.stream, from: 0 });
  const read = await reader.read(['s']);
  const lines = ['Traceback:', '  File "x"'].map((text) => ({ at: 5, text }));
  assert.deepEqual(read, ok(new Map([['s', lines]])));
});

test('log reader: a group that is not there is said once, when what was to write to it has ended, and of each region', async () => {
  const missing: string[] = [];
  const asked: unknown[] = [];
  const filter: LogsService['filter'] = async ({ group }) => {
    asked.push(group);
    return ok(false);
  };
  const reader = new LogReader({ filter }, LATE_MS, ({ name, region }) => missing.push(`${name} ${region}`));
  const place = { prefix: 'ecs/main/', from: 0 };
  reader.follow('a', { ...place, group: { name: 'g' }, stream: 'ecs/main/a' });
  reader.follow('b', { ...place, group: { name: 'g', region: 'us-east-1' }, stream: 'ecs/main/b' });
  const handles = ['a', 'b'];
  await reader.read(handles);
  assert.deepEqual(asked, [{ name: 'g' }, { name: 'g', region: 'us-east-1' }]);
  assert.deepEqual(missing, [], 'a task that runs may be the first to make it');
  reader.ended('b');
  await reader.read(handles);
  assert.deepEqual(missing, ['g us-east-1']);
  reader.ended('a');
  await reader.read(handles);
  await reader.read(handles);
  assert.deepEqual(missing, ['g us-east-1', 'g undefined']);
});
