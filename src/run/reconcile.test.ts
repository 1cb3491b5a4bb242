import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeDataset, makeNode, makeProject, randomProject } from '../../test/support/random-pipeline.ts';
import { settings, sha256 } from '../../test/support/settings.ts';
import { type Fate, SimulatedRun, type World } from '../../test/support/simulated-run.ts';
import type { Plan } from '../model/plan.ts';
import type { Pipeline } from '../model/project.ts';
import type { Failure, RunPolicy } from '../model/run.ts';
import { plan as makePlan } from '../plan/plan.ts';
import { type RetryClass, retryClass } from './retry.ts';

const randomPlan = randomProject(20).map((project) => {
  const pipeline = project.pipelines.get('__default__') as Pipeline;
  return makePlan({ project, pipeline, grouping: 'node', settings: settings(), sha256 }).plan;
});

const HOUR_MS = 3_600_000;
const NO_RETRIES: RunPolicy = {
  retries: { platform: 0, spot: 0, user: 0, oom: 'fail' },
  timeoutMs: HOUR_MS,
  spot: false,
};
const WELL: Fate = { kind: 'runs', ms: 1000 };
const RAISED: Failure = { reason: 'exit-nonzero', blame: 'user', exitCode: 1, detail: '' };
const world = (change: Partial<World> = {}): World => ({
  policy: NO_RETRIES,
  capacity: 4,
  quota: 1000,
  fate: () => WELL,
  ...change,
});

test('reconcile: on random plans every task runs once, after all that it needs, and never more than the capacity at once', () => {
  fc.assert(
    fc.property(randomPlan, fc.integer({ min: 1, max: 5 }), (plan, capacity) => {
      const { started, state } = new SimulatedRun(plan, world({ capacity })).play();
      assert.equal(state, 'succeeded');
      const order = started.map(({ task }) => task);
      assert.deepEqual([...order].sort(), plan.tasks.map(({ name }) => name).sort());
      for (const { name, dependsOn } of plan.tasks) {
        for (const need of dependsOn) assert.ok(order.indexOf(need) < order.indexOf(name), `${name} before ${need}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('reconcile: a failed task stops its descendants and nothing else', () => {
  fc.assert(
    fc.property(randomPlan, fc.nat(), (plan, pick) => {
      const victim = plan.tasks[pick % plan.tasks.length]?.name ?? '';
      const descendants = new Set([victim]);
      for (const { name, dependsOn } of plan.tasks)
        if (dependsOn.some((need) => descendants.has(need))) descendants.add(name);
      const fate = (task: string): Fate => (task === victim ? { kind: 'runs', ms: 1, failure: RAISED } : WELL);
      const { state, fold } = new SimulatedRun(plan, world({ fate })).play();
      assert.equal(state, 'failed');
      for (const task of fold.tasks.values()) {
        const expected = task.name === victim ? 'failed' : descendants.has(task.name) ? 'skipped' : 'succeeded';
        assert.equal(task.state, expected, task.name);
        assert.equal(task.skippedBecause, expected === 'skipped' ? victim : undefined);
      }
    }),
    { numRuns: 200 },
  );
});

const failure = fc.constantFrom<Failure>(
  RAISED,
  { reason: 'out-of-memory', blame: 'user', exitCode: 137, detail: '' },
  { reason: 'not-started', blame: 'platform', detail: '' },
  { reason: 'not-started', blame: 'user', detail: '' },
  { reason: 'no-connection', blame: 'user', detail: '' },
  { reason: 'no-address', blame: 'user', detail: '' },
  { reason: 'interrupted', blame: 'platform', detail: '' },
  { reason: 'lost', blame: 'platform', detail: '' },
);
const refusal = fc.constantFrom<Failure>(
  { reason: 'no-capacity', blame: 'platform', detail: '' },
  { reason: 'not-started', blame: 'user', detail: '' },
  { reason: 'over-quota', blame: 'user', detail: '' },
);
const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.record({ kind: fc.constant('runs' as const), ms: fc.nat(5000) }),
  fc.record({ kind: fc.constant('runs' as const), ms: fc.nat(5000), failure }),
  fc.record({ kind: fc.constant('refused' as const), failure: refusal }),
  fc.record({ kind: fc.constant('unanswered' as const), isHeard: fc.boolean() }),
  fc.constant<Fate>({ kind: 'hangs' }),
);
const policy: fc.Arbitrary<RunPolicy> = fc.record({
  retries: fc.record({
    platform: fc.nat(3),
    spot: fc.nat(2),
    user: fc.nat(2),
    oom: fc.constantFrom('fail' as const, 'grow' as const),
  }),
  timeoutMs: fc.constantFrom(10_000, HOUR_MS),
  spot: fc.boolean(),
});
const LARGEST_MIB = 4096;
const randomWorld: fc.Arbitrary<World> = fc
  .record({
    policy,
    capacity: fc.integer({ min: 1, max: 6 }),
    quota: fc.integer({ min: 0, max: 6 }),
    fates: fc.array(fate, { minLength: 1, maxLength: 40 }),
    cancelAt: fc.option(fc.nat(100_000), { nil: undefined, freq: 3 }),
  })
  .map(({ fates, ...rest }) => ({
    ...rest,
    fate: (task, attempt) => fates[(Number(task.replace(/\D/g, '')) * 7 + attempt) % fates.length] ?? WELL,
    largerSize: ({ vcpu, memoryMiB }) => (memoryMiB >= LARGEST_MIB ? undefined : { vcpu, memoryMiB: memoryMiB + 1024 }),
  }));

/** How many failures of each class there may be at one task: the retries and the last one. */
function allowance({ retries }: RunPolicy): Record<RetryClass, number> {
  const grown = retries.oom === 'grow' ? LARGEST_MIB / 1024 : 1;
  const { platform, spot, user } = retries;
  return {
    platform: platform + 1,
    room: platform + 1,
    spot: spot + 1,
    user: user + 1,
    memory: grown,
    once: 2,
    never: 1,
  };
}

test('reconcile: whatever happens, a run ends, no task has two attempts under way, and none has more than the policy allows', () => {
  fc.assert(
    fc.property(randomPlan, randomWorld, (plan, world) => {
      // That no attempt is started twice, and none beside another of its task, the simulated world itself asserts.
      const { fold, state } = new SimulatedRun(plan, world).play();
      const allowed = allowance(world.policy);
      for (const task of fold.tasks.values()) {
        const used = new Map<RetryClass, number>();
        for (const { failure, launch, counts } of task.attempts) {
          if (failure === undefined || !counts) continue;
          const kind = retryClass(failure, launch);
          used.set(kind, (used.get(kind) ?? 0) + 1);
        }
        for (const [kind, count] of used) assert.ok(count <= allowed[kind], `${task.name}: ${count} times ${kind}`);
        const numbers = task.attempts.map(({ attempt }) => attempt);
        assert.deepEqual(
          numbers,
          [...numbers.keys()].map((index) => index + 1),
        );
      }
      const states = [...fold.tasks.values()].map((task) => task.state);
      if (state === 'succeeded') assert.ok(states.every((each) => each === 'succeeded'));
      if (state === 'failed') assert.ok(states.every((each) => ['succeeded', 'failed', 'skipped'].includes(each)));
    }),
    { numRuns: 1500 },
  );
});

/** So many tasks that need nothing of each other. */
function flatPlan(count: number): Plan {
  const nodes = Array.from({ length: count }, (_, index) => makeNode(`n${index}`, { inputs: ['raw'] }));
  const project = makeProject(nodes, [makeDataset('raw')]);
  return makePlan({ project, pipeline: { name: '__default__', nodes }, grouping: 'node', settings: settings(), sha256 })
    .plan;
}

/** One task whose attempts meet these fates in turn, the last one from then on. */
function playOne(fates: readonly Fate[], change: Partial<World> = {}) {
  const run = new SimulatedRun(
    flatPlan(1),
    world({ fate: (_, attempt) => fates[attempt - 1] ?? WELL, ...change }),
  ).play();
  const [task] = run.fold.tasks.values();
  return { ...run, started: run.started, now: run.now, state: run.state, attempts: task?.attempts ?? [] };
}

const fails = (failure: Failure): Fate => ({ kind: 'runs', ms: 1000, failure });
const INTERRUPTED: Failure = { reason: 'interrupted', blame: 'platform', detail: '' };
const retries = { platform: 3, spot: 2, user: 0, oom: 'fail' } as const;

test('reconcile: after its Spot retries a task goes on-demand, where an interruption counts as one of the platform', () => {
  const { started, state } = playOne(Array(4).fill(fails(INTERRUPTED)), {
    policy: { ...NO_RETRIES, retries, spot: true },
  });
  assert.equal(state, 'succeeded');
  assert.deepEqual(
    started.map(({ launch }) => launch.spot),
    [true, true, true, false, false],
  );
});

test('reconcile: without memory a task fails, or with `grow` moves up a size at a time until it is enough or the largest', () => {
  const OOM = fails({ reason: 'out-of-memory', blame: 'user', exitCode: 137, detail: '' });
  const largerSize: World['largerSize'] = ({ vcpu, memoryMiB }) =>
    memoryMiB >= 4096 ? undefined : { vcpu, memoryMiB: memoryMiB + 1024 };
  const grow: RunPolicy = { ...NO_RETRIES, retries: { ...retries, oom: 'grow' } };
  const memory = (run: ReturnType<typeof playOne>) => run.started.map(({ launch }) => launch.memoryMiB);
  assert.deepEqual(memory(playOne([OOM, OOM], { largerSize })), [2048]);
  const grown = playOne([OOM, OOM], { largerSize, policy: grow });
  assert.deepEqual([grown.state, memory(grown)], ['succeeded', [2048, 3072, 4096]]);
  const never = playOne([OOM, OOM, OOM, OOM], { largerSize, policy: grow });
  assert.deepEqual([never.state, memory(never)], ['failed', [2048, 3072, 4096]]);
});

test('reconcile: a pause grows from one retry to the next, and lack of capacity is given minutes', () => {
  const lost = fails({ reason: 'lost', blame: 'platform', detail: '' });
  const full: Fate = { kind: 'refused', failure: { reason: 'no-capacity', blame: 'platform', detail: '' } };
  const gaps = (fate: Fate) => {
    const { attempts } = playOne(Array(3).fill(fate), { policy: { ...NO_RETRIES, retries } });
    return attempts.slice(1).map(({ askedAt }, index) => (askedAt - (attempts[index]?.askedAt ?? 0)) / 1000);
  };
  const [first = 0, second = 0, third = 0] = gaps(lost);
  assert.ok(first >= 1.5 && second > first && third > second, `${first} ${second} ${third}`);
  assert.ok(gaps(full).reduce((sum, gap) => sum + gap, 0) > 180);
});

test('reconcile: an attempt that hangs is stopped at its timeout, and fails as timed out', () => {
  const { attempts, state, now } = playOne([{ kind: 'hangs' }]);
  assert.equal(state, 'failed');
  assert.equal(attempts[0]?.failure?.reason, 'timed-out');
  assert.ok(now >= HOUR_MS && now < HOUR_MS + 120_000, String(now));
});

test('reconcile: at the quota a run waits for its own tasks, and uses no retry for it', () => {
  const fate: World['fate'] = () => ({ kind: 'runs', ms: 30_000 });
  const run = new SimulatedRun(flatPlan(20), world({ capacity: 20, quota: 3, fate })).play();
  assert.equal(run.state, 'succeeded');
  const asks = [...run.fold.tasks.values()].flatMap(({ attempts }) => attempts.map((attempt) => attempt.asks));
  assert.equal(asks.length, 20, 'a refusal is no attempt');
  assert.ok(run.now < 20 * 30_000, 'the slots of tasks that ended were not used');
  assert.ok(asks.reduce((sum, count) => sum + count, 0) < 20 + 17 + 2 * 20, `asked too often: ${asks}`);
});

test('reconcile: where the subnet has no address left a task waits for others to end, and without others fails in the end', () => {
  const none: Failure = { reason: 'no-address', blame: 'user', detail: '' };
  const long: Fate = { kind: 'runs', ms: 600_000 };
  const play = (fate: World['fate']) =>
    new SimulatedRun(flatPlan(2), world({ policy: { ...NO_RETRIES, retries }, fate })).play();
  const beside = play((task, attempt) => (task === 'n0' ? long : attempt < 6 ? fails(none) : WELL));
  assert.equal(beside.state, 'succeeded');
  const alone = play(() => fails(none));
  assert.equal(alone.state, 'failed');
  assert.deepEqual(
    [...alone.fold.tasks.values()].map(({ attempts }) => attempts.length),
    [4, 4],
  );
});

test('reconcile: cancelled while nobody knows whether an attempt runs, it asks once more so that it can stop it', () => {
  const { state, started } = playOne([{ kind: 'unanswered', isHeard: true }], { cancelAt: 0 });
  // The simulated world asserts that nothing is left running.
  assert.equal(state, 'cancelled');
  assert.ok(started.length <= 1);
  const late = playOne([{ kind: 'unanswered', isHeard: true }], { cancelAt: 100 });
  assert.deepEqual([late.state, late.started.length], ['cancelled', 1]);
});

test('reconcile: a task that waits for what is not in the plan is a bug that is said, not a run that fails in silence', () => {
  const plan = flatPlan(1);
  const astray = { ...plan, tasks: plan.tasks.map((task) => ({ ...task, dependsOn: ['nobody'] })) };
  assert.throws(() => new SimulatedRun(astray, world()).play(), /task 'n0' waits for nobody for ever/);
});
