import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Engine, EngineSession, Handle, LogPage, Observation } from '../../src/engine/engine.ts';
import type { Plan } from '../../src/model/plan.ts';

/** A place to run in, made for one test, with the tiny project's `failing` and `slow` pipelines planned a node a task. */
export interface Bench {
  readonly engine: Engine;
  readonly plans: { readonly failing: Plan; readonly slow: Plan };
  readonly close: () => PromiseLike<void>;
}

/** What every engine must do, whatever is under it. */
export function describeEngine(name: string, open: (t: TestContext) => Promise<Bench>): void {
  const withSession = (
    title: string,
    plan: keyof Bench['plans'],
    body: (session: EngineSession, bench: Bench) => Promise<void>,
  ) =>
    test(`engine ${name}: ${title}`, async (t) => {
      const bench = await open(t);
      try {
        await body(await openSession(bench, plan), bench);
      } finally {
        await bench.close();
      }
    });

  withSession(
    'an attempt that ends well has exit status 0, its times, and the events of its nodes',
    'failing',
    async (session) => {
      const handle = await start(session, 'start');
      const { end, events: observed } = await untilStopped(session, handle);
      assert.equal(end.exitCode, 0);
      assert.equal(end.failure, undefined);
      const { createdAt = 0, startedAt = 0, stoppedAt = 0 } = end.times;
      assert.ok(createdAt > 0 && createdAt <= startedAt && startedAt < stoppedAt, JSON.stringify(end.times));
      // Those that the scheduler has no need of may come with the log.
      const events = [...observed, ...(await readLog(session, handle)).events].map(({ event }) => event);
      assert.deepEqual(events, ['step-started', 'node-started', 'node-finished', 'step-finished']);
      await session.close();
    },
  );

  withSession(
    'an attempt whose node raises is the fault of the user and names node and exception',
    'failing',
    async (session) => {
      await untilStopped(session, await start(session, 'start'));
      const { end } = await untilStopped(session, await start(session, 'fails'));
      assert.equal(end.exitCode, 1);
      assert.equal(end.failure?.reason, 'node-raised');
      assert.equal(end.failure?.blame, 'user');
      assert.match(JSON.stringify(end.failure), /"node":"fails".*ValueError/);
      await session.close();
    },
  );

  withSession('the same attempt started twice is one attempt', 'failing', async (session) => {
    const first = await start(session, 'start');
    assert.equal(await start(session, 'start'), first);
    const { events: observed } = await untilStopped(session, first);
    const events = [...observed, ...(await readLog(session, first)).events];
    assert.equal(events.filter(({ event }) => event === 'node-started').length, 1);
    await session.close();
  });

  withSession('logs are read page by page, each line once', 'failing', async (session) => {
    await untilStopped(session, await start(session, 'start'));
    const handle = await start(session, 'fails');
    await untilStopped(session, handle);
    const lines = (await readLog(session, handle)).lines.map(({ text }) => text);
    assert.equal(lines.filter((line) => line === 'about to fail').length, 1, lines.join('\n'));
    await session.close();
  });

  withSession(
    'an attempt that is stopped ends as cancelled; stopping again, or too late, is no error',
    'slow',
    async (session) => {
      await untilStopped(session, await start(session, 'start'));
      const handle = await start(session, 'sleeps');
      await until(async () => (await observe(session, handle)).state === 'running');
      for (let times = 0; times < 2; times++) assert.ok((await session.stop(handle, 'the test says so')).ok);
      const { end } = await untilStopped(session, handle);
      assert.equal(end.failure?.reason, 'cancelled');
      assert.equal(end.failure?.blame, 'request');
      assert.ok((await session.stop(handle, 'too late')).ok);
      await session.close();
    },
  );

  withSession('a second attempt at a task is one of its own, with its own end and log', 'failing', async (session) => {
    await untilStopped(session, await start(session, 'start'));
    const first = await start(session, 'fails');
    await untilStopped(session, first);
    const second = await start(session, 'fails', 2);
    assert.notEqual(second, first);
    const { end } = await untilStopped(session, second);
    assert.equal(end.failure?.reason, 'node-raised');
    const lines = (await readLog(session, second)).lines.map(({ text }) => text);
    assert.equal(lines.filter((line) => line === 'about to fail').length, 1, lines.join('\n'));
    await session.close();
  });

  withSession('observing nothing, or what was never started, is no error', 'failing', async (session) => {
    const nothing = await session.observe([]);
    assert.ok(nothing.ok && nothing.value.size === 0);
    await session.close();
  });
}

const LAUNCH = { spot: false, vcpu: 1, memoryMiB: 2048 };

/** All of it that comes within a second. */
async function readLog(session: EngineSession, handle: Handle): Promise<LogPage> {
  const pages: LogPage[] = [];
  for (let count = 0; count < 20; count++) {
    const answer = await session.logs([handle, 'never started']);
    assert.ok(answer.ok);
    pages.push(answer.value.get(handle) ?? { lines: [], events: [] });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { lines: pages.flatMap(({ lines }) => lines), events: pages.flatMap(({ events }) => events) };
}

async function openSession({ engine, plans }: Bench, plan: keyof Bench['plans']): Promise<EngineSession> {
  const opened = await engine.open({
    runId: `20260101T000000-${plan}`,
    plan: plans[plan],
    saveVersion: '2026-01-01T00.00.00.000Z',
  });
  assert.ok(opened.ok, JSON.stringify(opened));
  return opened.value;
}

async function start(session: EngineSession, task: string, attempt = 1): Promise<Handle> {
  const started = await session.start({ task, attempt, refusals: 0, takesOver: false, launch: LAUNCH });
  assert.ok(started.ok, JSON.stringify(started));
  return started.value;
}

async function observe(session: EngineSession, handle: Handle): Promise<Observation> {
  const answer = await session.observe([handle]);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value.get(handle) ?? { state: 'pending', events: [] };
}

async function untilStopped(session: EngineSession, handle: Handle) {
  const seen: Observation[] = [];
  await until(async () => seen.push(await observe(session, handle)) > 0 && seen.at(-1)?.state === 'stopped');
  const last = seen.at(-1);
  if (last?.state !== 'stopped') throw new Error('the attempt never stopped');
  return last;
}

/** At most a minute. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen within a minute');
}
