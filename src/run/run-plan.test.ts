import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDataset, makeNode, makeProject } from '../../test/support/random-pipeline.ts';
import { settings, sha256 } from '../../test/support/settings.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { AttemptSpec, EngineSession, LogLine, Observation } from '../engine/engine.ts';
import type { Plan } from '../model/plan.ts';
import type { Node } from '../model/project.ts';
import type { Failure, RunEvent, RunPolicy } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { plan as makePlan } from '../plan/plan.ts';
import { failed, ok } from '../util/result.ts';
import { runPlan } from './run-plan.ts';
import type { RunRecorder } from './store.ts';
import type { Resumption } from './take-up.ts';

const CHAIN = [makeNode('a', { outputs: ['x'] }), makeNode('b', { inputs: ['x'], outputs: ['y'] })];
function planOf(nodes: readonly Node[]): Plan {
  const project = makeProject(nodes, [makeDataset('raw')]);
  const pipeline = { name: '__default__', nodes };
  return makePlan({ project, pipeline, grouping: 'node', settings: settings(), sha256 }).plan;
}

const LAUNCH = { spot: false, vcpu: 1, memoryMiB: 2048 };
const AWAY: ServiceTrouble = {
  kind: 'unreachable',
  service: 'Amazon ECS',
  operation: 'DescribeTasks',
  detail: 'gone',
  help: 'wait',
};

/** An engine in memory: each attempt runs for three observations and then ends well. */
function fakeSession(change: Partial<EngineSession> = {}): EngineSession & { readonly started: string[] } {
  const seen = new Map<string, number>();
  const read = new Set<string>();
  const started: string[] = [];
  return {
    started,
    particulars: {},
    capacity: 2,
    logLagMs: 0,
    frozen: {},
    attach: async (_spec, { handle = 'found' }) => ok({ handle }),
    start: async ({ task, attempt }: AttemptSpec) => {
      started.push(task);
      return ok(`${task}/${attempt}`);
    },
    observe: async (handles) =>
      ok(
        new Map(
          handles.map((handle): [string, Observation] => {
            const times = (seen.get(handle) ?? 0) + 1;
            seen.set(handle, times);
            if (times < 3) return [handle, { state: 'running', startedAt: 1, events: [] }];
            return [handle, { state: 'stopped', events: [], end: { exitCode: 0, failure: undefined, times: {} } }];
          }),
        ),
      ),
    stop: async () => ok(undefined),
    logs: async (handles) => {
      const unread = handles.filter((handle) => !read.has(handle));
      for (const handle of unread) read.add(handle);
      return ok(
        new Map(unread.map((handle) => [handle, { lines: [{ at: 1, text: `log of ${handle}` }], events: [] }])),
      );
    },
    close: async () => {},
    ...change,
  };
}

interface Driven {
  readonly cancel?: { aborted: boolean };
  readonly policy?: Partial<RunPolicy>;
  readonly nodes?: readonly Node[];
  readonly clock?: VirtualClock;
  readonly recorder?: Partial<RunRecorder>;
  readonly resumed?: Pick<Resumption, 'past' | 'rerunUnknown'> & { toCancel?: boolean };
}

async function drive(
  session: EngineSession,
  {
    cancel = { aborted: false },
    policy = {},
    nodes = CHAIN,
    clock = new VirtualClock(),
    recorder,
    resumed,
  }: Driven = {},
) {
  const events: RunEvent[] = [];
  const logs: LogLine[] = [];
  const outcome = await runPlan({
    runId: 'r',
    plan: planOf(nodes),
    engineId: 'fake',
    saveVersion: 'v',
    prices: undefined,
    policy: { retries: { platform: 1, spot: 0, user: 1, oom: 'fail' }, timeoutMs: 60_000, spot: false, ...policy },
    largerSize: () => undefined,
    jitter: () => 0,
    resumed: resumed && { toCancel: false, unseen: [], ...resumed, keptLines: async () => [] },
    session,
    recorder: {
      append: async (event) => void events.push(event),
      appendLog: async (_task, _attempt, lines) => void logs.push(...lines),
      keptLines: async () => [],
      ...recorder,
    },
    now: clock.now,
    sleep: clock.sleep,
    cancel,
    lost: async () => undefined,
    report: () => {},
  });
  return { outcome, events, logs };
}

test('run: an event is recorded before the action that it allows, and logs are read to their end', async () => {
  const session = fakeSession();
  const start = session.start;
  const recorded: number[] = [];
  let count = 0;
  const { outcome, events, logs } = await drive({
    ...session,
    start: async (spec) => {
      recorded.push(count++);
      return start(spec);
    },
  });
  assert.equal(outcome.kind, 'ended');
  assert.equal(outcome.state.state, 'succeeded');
  const kinds = events.map(({ event }) => event);
  assert.deepEqual(kinds, [
    'run-started',
    ...['attempt-starting', 'attempt-started', 'attempt-running', 'attempt-stopped'],
    ...['attempt-starting', 'attempt-started', 'attempt-running', 'attempt-stopped'],
    'run-stopped',
  ]);
  assert.deepEqual(logs.map(({ text }) => text).sort(), ['log of a/1', 'log of b/1']);
});

test('run: a task that cannot be started fails, and what needs it is skipped', async () => {
  const { outcome } = await drive(
    fakeSession({ start: async () => failed({ reason: 'not-started', blame: 'user', detail: 'no' }) }),
  );
  assert.deepEqual(
    outcome.state.tasks.map(({ state }) => state),
    ['failed', 'skipped'],
  );
  assert.equal(outcome.state.state, 'failed');
});

test('run: a service that is away for a while does not end the run; one that stays away does, without a verdict on tasks', async () => {
  const good = fakeSession();
  let away = 5;
  const short = await drive({
    ...good,
    observe: async (handles) => (handles.length > 0 && away-- > 0 ? failed(AWAY) : good.observe(handles)),
  });
  assert.equal(short.outcome.state.state, 'succeeded');
  const long = await drive(fakeSession({ observe: async () => failed(AWAY) }));
  assert.equal(long.outcome.kind, 'out-of-touch');
  assert.equal(long.outcome.state.state, 'running');
  assert.match(long.outcome.trouble.help, /; then wherry resume \S+$/);
});

test('run: cancelled, it stops what is under way and starts nothing more', async () => {
  const cancel = { aborted: false };
  const stopped: string[] = [];
  const session = fakeSession({
    stop: async (handle) => {
      stopped.push(handle);
      return ok(undefined);
    },
  });
  const { outcome } = await drive(
    {
      ...session,
      start: async (spec) => {
        cancel.aborted = true;
        return session.start(spec);
      },
    },
    { cancel },
  );
  assert.equal(outcome.state.state, 'cancelled');
  assert.ok(stopped.includes('a/1'));
  assert.deepEqual(session.started, ['a']);
});

test('run: resumed, it attaches what was under way, starts what had ended badly again, and keeps what is done', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const stopped = { event: 'attempt-stopped', attempt: 1, exitCode: 0, failure: undefined, times: {} } as const;
  const past: RunEvent[] = [
    { at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH },
    { at, event: 'attempt-started', task: 'a', attempt: 1, handle: 'a/1' },
  ];
  const session = fakeSession();
  const { outcome, events, logs } = await drive(session, { resumed: { past, rerunUnknown: false } });
  assert.equal(outcome.state.state, 'succeeded');
  assert.deepEqual(session.started, ['b']);
  assert.equal(events.filter(({ event }) => event === 'run-started').length, 0);
  assert.deepEqual(logs.map(({ text }) => text).sort(), ['log of a/1', 'log of b/1']);

  const failure = { reason: 'killed', blame: 'platform', exitCode: 137, detail: '' } as const;
  const badly: RunEvent[] = [
    ...past,
    { at, ...stopped, task: 'a', failure },
    { at, event: 'task-skipped', task: 'b', because: 'a' },
  ];
  const again = await drive(fakeSession(), { resumed: { past: badly, rerunUnknown: false } });
  assert.deepEqual(again.events[0], { at: '1970-01-01T00:00:00.000Z', event: 'run-resumed', again: ['a', 'b'] });
  assert.equal(again.outcome.state.state, 'succeeded');
  assert.deepEqual(
    again.outcome.state.tasks.map(({ attempts }) => attempts.map(({ attempt, state }) => `${attempt} ${state}`)),
    [['1 failed', '2 succeeded'], ['1 succeeded']],
  );
});

test('run: an attempt that was refused is asked for anew, and a request that was cut off after that is the same one when resumed', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const asking = { at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH } as const;
  const failure = { reason: 'over-quota', blame: 'user', detail: '' } as const;
  const refused: RunEvent[] = [
    asking,
    { at, event: 'attempt-stopped', task: 'a', attempt: 1, exitCode: undefined, failure, times: {} },
    {
      at,
      event: 'retry-due',
      task: 'a',
      attempt: 1,
      notBefore: 0,
      because: 'over-quota',
      launch: LAUNCH,
      counts: false,
    },
  ];
  const refusals: number[] = [];
  const session = fakeSession();
  const asked: Partial<EngineSession> = {
    start: async (spec) => {
      if (spec.task === 'a') refusals.push(spec.refusals);
      return session.start(spec);
    },
    attach: async (spec) => {
      refusals.push(spec.refusals);
      return ok({ handle: 'found' });
    },
  };
  await drive({ ...session, ...asked }, { resumed: { past: refused, rerunUnknown: false } });
  const repeat = { ...refused[2], because: 'unreachable' } as RunEvent;
  for (const past of [
    [...refused, asking],
    [...refused, asking, repeat, asking],
    [...refused, ...refused, asking],
  ])
    await drive({ ...session, ...asked }, { resumed: { past, rerunUnknown: false } });
  assert.deepEqual(refusals, [1, 1, 1, 2]);
});

test('run: resumed, it waits for a service that does not answer as any run does, and hears at once what does not pass', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const past: RunEvent[] = [{ at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH }];
  let away = 3;
  const flaky = fakeSession();
  const { outcome } = await drive(
    {
      ...flaky,
      attach: async (spec, earlier) => (away-- > 0 ? failed(AWAY) : flaky.attach(spec, earlier)),
      observe: async (handles) => (away-- > -3 ? failed(AWAY) : flaky.observe(handles)),
    },
    { resumed: { past, rerunUnknown: false } },
  );
  assert.equal(outcome.state.state, 'succeeded');

  const clock = new VirtualClock();
  const silent = fakeSession({ attach: async () => failed(AWAY) });
  const left = await drive(silent, { clock, resumed: { past, rerunUnknown: false } });
  assert.equal(left.outcome.kind, 'out-of-touch');
  assert.equal(Math.round(clock.ms / 60_000), 10);

  const denied: ServiceTrouble = { ...AWAY, kind: 'refused', detail: 'AccessDeniedException' };
  const soon = new VirtualClock();
  const refusing = fakeSession({ attach: async () => failed(denied) });
  const refused = await drive(refusing, { clock: soon, resumed: { past, rerunUnknown: false } });
  assert.deepEqual([refused.outcome.kind, soon.ms], ['out-of-touch', 0]);
});

test('run: an attempt takes over what earlier ones hold only where all of them are known to be over', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const taken = async (reason: Failure['reason']) => {
    const failure = { reason, blame: 'request', detail: '' } as Failure;
    const past: RunEvent[] = [
      { at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH },
      { at, event: 'attempt-stopped', task: 'a', attempt: 1, exitCode: undefined, failure, times: {} },
    ];
    const asked: unknown[] = [];
    const session = fakeSession();
    const start: EngineSession['start'] = async (spec) => {
      asked.push([spec.task, spec.attempt, spec.takesOver]);
      return session.start(spec);
    };
    await drive({ ...session, start }, { resumed: { past, rerunUnknown: true } });
    return asked;
  };
  const b = ['b', 1, false];
  assert.deepEqual(await taken('lost'), [['a', 2, true], b]);
  assert.deepEqual(await taken('unknown'), [['a', 2, false], b]);
});

test('run: where nobody may stop a task, a run that is cancelled says so and ends', async () => {
  const denied: ServiceTrouble = { ...AWAY, kind: 'refused', operation: 'StopTask', detail: 'AccessDeniedException' };
  const cancel = { aborted: false };
  const session = fakeSession();
  const { outcome } = await drive(
    {
      ...session,
      start: async (spec) => {
        cancel.aborted = true;
        return session.start(spec);
      },
      observe: async (handles) =>
        ok(new Map(handles.map((handle) => [handle, { state: 'running', startedAt: 1, events: [] }]))),
      stop: async () => failed(denied),
    },
    { cancel },
  );
  assert.equal(outcome.kind, 'out-of-touch');
  assert.match(outcome.kind === 'out-of-touch' ? outcome.trouble.help : '', /then wherry cancel r$/);
});

test('run: resumed, a task of which nobody knows how it ended runs again only when that is asked for', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const past: RunEvent[] = [{ at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH }];
  const failure = { reason: 'unknown', blame: 'request', detail: 'forgotten' } as const;
  const forgotten = { state: 'stopped', events: [], end: { exitCode: undefined, failure, times: {} } } as const;
  const session = fakeSession({ attach: async () => ok(forgotten) });
  const first = await drive(session, { resumed: { past, rerunUnknown: false } });
  assert.deepEqual(
    first.outcome.state.tasks.map(({ state }) => state),
    ['unknown', 'skipped'],
  );
  assert.deepEqual(session.started, []);
  const second = await drive(session, { resumed: { past: [...past, ...first.events], rerunUnknown: false } });
  assert.equal(second.outcome.state.state, 'failed');
  assert.deepEqual(session.started, []);
  const third = await drive(session, { resumed: { past: [...past, ...first.events], rerunUnknown: true } });
  assert.equal(third.outcome.state.state, 'succeeded');
  assert.deepEqual(session.started, ['a', 'b']);
});

test('run: resumed after it has failed or was cancelled, its attempts are counted on and it has all its retries again', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const ended = (attempt: number, failure: Failure): RunEvent[] => [
    { at, event: 'attempt-starting', task: 'a', attempt, launch: LAUNCH },
    { at, event: 'attempt-started', task: 'a', attempt, handle: `a/${attempt}` },
    { at, event: 'attempt-stopped', task: 'a', attempt, exitCode: 1, failure, times: {} },
  ];
  const raised: Failure = { reason: 'exit-nonzero', blame: 'user', exitCode: 1, detail: '' };
  const good = fakeSession();
  const raisesAlways: EngineSession['observe'] = async (handles) => {
    const end = { exitCode: 1, failure: raised, times: {} };
    return ok(new Map(handles.map((handle) => [handle, { state: 'stopped', events: [], end }])));
  };
  const failedRun: RunEvent[] = [
    ...ended(1, raised),
    ...ended(2, raised),
    { at, event: 'task-skipped', task: 'b', because: 'a' },
    { at, event: 'run-stopped', state: 'failed' },
  ];
  const again = await drive({ ...good, observe: raisesAlways }, { resumed: { past: failedRun, rerunUnknown: false } });
  assert.deepEqual(
    again.outcome.state.tasks[0]?.attempts.map(({ attempt }) => attempt),
    [1, 2, 3, 4],
  );
  const cancelledRun: RunEvent[] = [
    { at, event: 'cancel-requested' },
    ...ended(1, { reason: 'cancelled', blame: 'request', detail: '' }),
    { at, event: 'run-stopped', state: 'cancelled' },
  ];
  const { outcome } = await drive(fakeSession(), { resumed: { past: cancelledRun, rerunUnknown: false } });
  assert.equal(outcome.state.state, 'succeeded');
  assert.deepEqual(
    outcome.state.tasks.map(({ attempts }) => attempts.map(({ state }) => state)),
    [['cancelled', 'succeeded'], ['succeeded']],
  );
});

test('run: resumed before its first event, it begins; a retry whose time a clock that was wrong has set is due at once', async () => {
  const begun = await drive(fakeSession(), { resumed: { past: [], rerunUnknown: false } });
  assert.deepEqual(
    begun.events.slice(0, 2).map(({ event }) => event),
    ['run-started', 'run-resumed'],
  );
  assert.equal(begun.outcome.state.engine, 'fake');
  const at = '2030-01-01T00:00:00.000Z';
  const failure = { reason: 'lost', blame: 'platform', detail: '' } as const;
  const past: RunEvent[] = [
    { at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH },
    { at, event: 'attempt-stopped', task: 'a', attempt: 1, exitCode: undefined, failure, times: {} },
    {
      at,
      event: 'retry-due',
      task: 'a',
      attempt: 2,
      notBefore: Date.parse(at),
      because: 'lost',
      launch: LAUNCH,
      counts: true,
    },
  ];
  const { outcome, events } = await drive(fakeSession(), { resumed: { past, rerunUnknown: false } });
  assert.equal(outcome.state.state, 'succeeded');
  assert.ok(Date.parse(events.at(-1)?.at ?? '') < 60_000);
});

test('run: resumed after a cancel that was not finished, it waits for what is being stopped before it starts it again', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const past: RunEvent[] = [
    { at, event: 'attempt-starting', task: 'a', attempt: 1, launch: LAUNCH },
    { at, event: 'attempt-started', task: 'a', attempt: 1, handle: 'a/1' },
    { at, event: 'cancel-requested' },
  ];
  const good = fakeSession();
  const stopped: string[] = [];
  let looks = 0;
  const cancelled = { reason: 'cancelled', blame: 'request', detail: '' } as const;
  const session = fakeSession({
    stop: async (handle) => ok(void stopped.push(handle)),
    observe: async (handles) =>
      handles[0] === 'a/1' && stopped.length > 0 && looks++ > 1
        ? ok(
            new Map([['a/1', { state: 'stopped', events: [], end: { exitCode: 143, failure: cancelled, times: {} } }]]),
          )
        : good.observe(handles.filter((handle) => handle !== 'a/1')),
  });
  const { outcome } = await drive(session, { resumed: { past, rerunUnknown: false } });
  assert.equal(outcome.state.state, 'succeeded');
  assert.deepEqual(
    outcome.state.tasks[0]?.attempts.map(({ state }) => state),
    ['cancelled', 'succeeded'],
  );
  assert.deepEqual(stopped, ['a/1'], 'it is asked to stop once');
});

const WELL: Observation = { state: 'stopped', events: [], end: { exitCode: 0, failure: undefined, times: {} } };

test('run: a start that nobody answers is asked for again as the same attempt, and no attempt is used up by it', async () => {
  const asked: string[] = [];
  const session = fakeSession();
  const { outcome, events } = await drive({
    ...session,
    start: async ({ task, attempt, ...spec }) => {
      asked.push(`${task}/${attempt}`);
      return task === 'a' ? failed(AWAY) : session.start({ task, attempt, ...spec });
    },
    // It may have been heard: how long ago it was asked for first says what asking for it again means.
    attach: async ({ task, attempt }, { handle, askedAt }) => {
      asked.push(`${task}/${attempt} of ${askedAt}`);
      assert.equal(handle, undefined);
      return asked.length <= 3 ? failed(AWAY) : ok({ handle: 'a/1' });
    },
  });
  assert.equal(outcome.state.state, 'succeeded');
  assert.deepEqual(asked, ['a/1', 'a/1 of 0', 'a/1 of 0', 'a/1 of 0', 'b/1']);
  assert.equal(outcome.state.tasks[0]?.attempts.length, 1);
  assert.equal(events.filter(({ event }) => event === 'retry-due').length, 3);
});

test('run: a task that failed is tried again as a new attempt, after a pause', async () => {
  const session = fakeSession();
  const { outcome, events } = await drive({
    ...session,
    observe: async (handles) => {
      const end = {
        exitCode: 1,
        failure: { reason: 'exit-nonzero', blame: 'user', exitCode: 1, detail: '' },
        times: {},
      };
      if (!handles.includes('a/1')) return session.observe(handles);
      return ok(new Map<string, Observation>([['a/1', { state: 'stopped', events: [], end } as Observation]]));
    },
  });
  assert.equal(outcome.state.state, 'succeeded');
  assert.deepEqual(session.started, ['a', 'a', 'b']);
  const due = events.find(({ event }) => event === 'retry-due');
  const again = events.find((event) => event.event === 'attempt-starting' && event.attempt === 2);
  assert.ok(due?.event === 'retry-due' && due.because === 'exit-nonzero' && due.attempt === 2);
  assert.ok(Date.parse(again?.at ?? '') >= due.notBefore && due.notBefore > Date.parse(due.at));
});

test('run: an attempt that takes longer than the timeout is stopped, and says so', async () => {
  let isStopped = false;
  const { outcome } = await drive(
    fakeSession({
      observe: async (handles) =>
        ok(
          new Map(
            handles.map((handle): [string, Observation] => {
              if (!isStopped) return [handle, { state: 'running', startedAt: undefined, events: [] }];
              const failure: Failure = { reason: 'cancelled', blame: 'request', detail: 'stopped' };
              return [handle, { state: 'stopped', events: [], end: { exitCode: 143, failure, times: {} } }];
            }),
          ),
        ),
      stop: async () => {
        isStopped = true;
        return ok(undefined);
      },
    }),
    { policy: { retries: { platform: 0, spot: 0, user: 0, oom: 'fail' } } },
  );
  const failure = outcome.state.tasks[0]?.attempts[0]?.failure;
  assert.equal(failure?.reason, 'timed-out');
  assert.match(failure?.remedy ?? '', /timeout/);
  assert.equal(outcome.state.state, 'failed');
});

test('run: a start that takes long holds up neither the others nor the looks at what runs', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const nodes = [makeNode('a', { inputs: ['raw'] }), makeNode('b', { inputs: ['raw'] })];
  const session = fakeSession();
  const { outcome } = await drive(
    {
      ...session,
      start: async (spec) => {
        if (spec.task === 'a') await held;
        return session.start(spec);
      },
      observe: async (handles) => {
        // Only once `b` is over, which needs looks, does `a` begin.
        release();
        return ok(new Map(handles.map((handle) => [handle, WELL])));
      },
    },
    { nodes },
  );
  assert.equal(outcome.state.state, 'succeeded');
});

test('run: an attempt that has just begun is looked at soon, however long the one before took', async () => {
  const looks: { handle: string; at: number }[] = [];
  const clock = new VirtualClock();
  const good = fakeSession();
  const { events } = await drive(
    {
      ...good,
      observe: async (handles) => {
        looks.push({ handle: handles[0] ?? '', at: clock.ms });
        // `a` takes an hour.
        return handles[0] === 'a/1' && clock.ms < 3_600_000
          ? ok(new Map([['a/1', { state: 'running' as const, startedAt: 1, events: [] }]]))
          : good.observe(handles);
      },
    },
    { policy: { timeoutMs: 7_200_000 }, clock },
  );
  const begun = events.find((event) => event.event === 'attempt-started' && event.task === 'b');
  const first = looks.find(({ handle }) => handle === 'b/1')?.at ?? 0;
  assert.ok(first - Date.parse(begun?.at ?? '') < 500, `${first} ${begun?.at}`);
  const gap = looks.findIndex(({ handle }) => handle === 'b/1') - 2;
  assert.ok((looks[gap]?.at ?? 0) - (looks[gap - 1]?.at ?? 0) > 1000, 'looks at what takes long are rare');
});

const THROTTLED: ServiceTrouble = { ...AWAY, kind: 'throttled' };
const HOUR_MS = 3_600_000;

test('run: throttled for hours it goes on when it is answered again, and does not ask all the time', async () => {
  const clock = new VirtualClock();
  const good = fakeSession();
  let looks = 0;
  const observe: EngineSession['observe'] = async (handles) => {
    looks++;
    return clock.ms < 3 * HOUR_MS ? failed(THROTTLED) : good.observe(handles);
  };
  const { outcome } = await drive({ ...good, observe }, { clock, policy: { timeoutMs: 24 * HOUR_MS } });
  assert.ok(outcome.kind === 'ended' && outcome.state.state === 'succeeded');
  assert.ok(looks < 3 * 400, `${looks} looks`);
});

test('run: its logs are complete where they could not be read at its end; where they may never be, it ends all the same', async () => {
  const clock = new VirtualClock();
  const good = fakeSession();
  const logs = (until: number, trouble: ServiceTrouble): Partial<EngineSession> => ({
    logs: async (handles) => (clock.ms < until ? failed(trouble) : good.logs(handles)),
  });
  const late = await drive({ ...good, ...logs(5 * 60_000, THROTTLED) }, { clock });
  assert.deepEqual(late.logs.map(({ text }) => text).sort(), ['log of a/1', 'log of b/1']);
  const at = clock.ms;
  const never = await drive({ ...fakeSession(), ...logs(at + 24 * HOUR_MS, AWAY) }, { clock });
  assert.ok(never.outcome.state.state === 'succeeded' && clock.ms - at < 15 * 60_000, String(clock.ms - at));
  const since = clock.ms;
  const refused = await drive(
    { ...fakeSession(), ...logs(since + 24 * HOUR_MS, { ...AWAY, kind: 'refused' }) },
    { clock },
  );
  assert.ok(refused.outcome.state.state === 'succeeded' && clock.ms - since < 60_000, String(clock.ms - since));
});

test('run: that an attempt is to stop is recorded once, however often it must be asked', async () => {
  const cancel = { aborted: false };
  let asked = 0;
  const stopped: Observation = {
    state: 'stopped',
    events: [],
    end: { exitCode: 143, failure: { reason: 'cancelled', blame: 'request', detail: '' }, times: {} },
  };
  const session = fakeSession({
    observe: async (handles) => {
      cancel.aborted = true;
      return ok(
        new Map(
          handles.map((handle): [string, Observation] => [
            handle,
            asked > 3 ? stopped : { state: 'pending', events: [] },
          ]),
        ),
      );
    },
    stop: async () => (asked++ < 3 ? failed(AWAY) : ok(undefined)),
  });
  const { outcome, events } = await drive(session, { cancel });
  assert.equal(outcome.state.state, 'cancelled');
  assert.equal(asked, 4);
  assert.equal(events.filter(({ event }) => event === 'stop-requested').length, 1);
});

test('run: a timeout is not over sooner where the clock of this machine is ahead of the one that tells the start', async () => {
  const clock = new VirtualClock();
  clock.ms = 10 * 60_000;
  const { outcome } = await drive(fakeSession(), { clock, policy: { timeoutMs: 60_000 } });
  assert.equal(outcome.state.state, 'succeeded');
});

test('run: lines that come three lags after the end of a task are kept while the run goes on', async () => {
  const clock = new VirtualClock();
  const good = fakeSession();
  let endedAt = Number.POSITIVE_INFINITY;
  const session: EngineSession = {
    ...good,
    logLagMs: 5000,
    observe: async (handles) => {
      const observed = await good.observe(handles);
      if (handles.includes('a/1') && observed.ok && observed.value.get('a/1')?.state === 'stopped') endedAt = clock.ms;
      // The second task takes as long as a run takes.
      const isEarly = clock.ms < endedAt + 60_000;
      if (handles.includes('b/1') && isEarly) return ok(new Map());
      return observed;
    },
    logs: async (handles) =>
      clock.ms < endedAt + 12_000 ? ok(new Map()) : good.logs(handles.filter((handle) => handle === 'a/1')),
  };
  const { logs } = await drive(session, { clock, policy: { timeoutMs: HOUR_MS } });
  assert.deepEqual(
    logs.map(({ text }) => text),
    ['log of a/1'],
  );
});

test('run: what cannot be written ends it with that error, when nothing is being started any more', async () => {
  const full = new Error('no space left');
  let starting = 0;
  const good = fakeSession();
  const session: EngineSession = {
    ...good,
    start: async (spec) => {
      starting++;
      await new Promise(setImmediate);
      starting--;
      return good.start(spec);
    },
  };
  const recorder = { appendLog: () => Promise.reject(full) };
  await assert.rejects(drive(session, { recorder }), full);
  assert.equal(starting, 0);
});
