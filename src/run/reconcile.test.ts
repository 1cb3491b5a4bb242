import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomProject } from '../../test/support/random-pipeline.ts';
import { settings, sha256 } from '../../test/support/settings.ts';
import type { Plan } from '../model/plan.ts';
import type { Pipeline } from '../model/project.ts';
import type { RunEvent } from '../model/run.ts';
import { plan as makePlan } from '../plan/plan.ts';
import { RunFold } from './fold.ts';
import { reconcile } from './reconcile.ts';

/** Plays a run by the actions alone; `fails` says which tasks end badly. Returns the tasks in the order of their start. */
function play(plan: Plan, fails: (task: string) => boolean, capacity: number) {
  const fold = new RunFold('run', plan);
  const apply = (event: Record<string, unknown>) => fold.apply({ at: '', ...event } as RunEvent);
  const started: string[] = [];
  const running: string[] = [];
  for (let step = 0; step < 10_000; step++) {
    const actions = reconcile(plan, { tasks: fold.tasks, cancelRequested: false, capacity });
    for (const action of actions) {
      if (action.action === 'finish') return { started, state: action.state, fold };
      if (action.action === 'skip') apply({ event: 'task-skipped', task: action.task, because: action.because });
      if (action.action !== 'start') continue;
      apply({ event: 'attempt-starting', task: action.task, attempt: 1 });
      apply({ event: 'attempt-started', task: action.task, attempt: 1, handle: action.task });
      started.push(action.task);
      running.push(action.task);
      assert.ok(running.length <= capacity, 'more tasks under way than the engine takes');
    }
    const ending = running.shift();
    if (ending === undefined) continue;
    const failure = fails(ending) ? { reason: 'exit-nonzero', blame: 'user', exitCode: 1, detail: '' } : undefined;
    apply({ event: 'attempt-stopped', task: ending, attempt: 1, exitCode: failure ? 1 : 0, failure, times: {} });
  }
  throw new Error('the run never finished');
}

const randomPlan = randomProject(40).map((project) => {
  const pipeline = project.pipelines.get('__default__') as Pipeline;
  return makePlan({ project, pipeline, grouping: 'node', settings: settings(), sha256 }).plan;
});

test('reconcile: on random plans every task runs once, after all that it needs, and never more than the capacity at once', () => {
  fc.assert(
    fc.property(randomPlan, fc.integer({ min: 1, max: 5 }), (plan, capacity) => {
      const { started, state } = play(plan, () => false, capacity);
      assert.equal(state, 'succeeded');
      assert.deepEqual([...started].sort(), plan.tasks.map(({ name }) => name).sort());
      for (const { name, dependsOn } of plan.tasks) {
        for (const need of dependsOn)
          assert.ok(started.indexOf(need) < started.indexOf(name), `${name} before ${need}`);
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
      const { state, fold } = play(plan, (task) => task === victim, 3);
      assert.equal(state, 'failed');
      for (const task of fold.tasks.values()) {
        const expected = task.name === victim ? 'failed' : descendants.has(task.name) ? 'skipped' : 'succeeded';
        assert.equal(task.state, expected, task.name);
        assert.equal(task.skippedBecause, expected === 'skipped' ? victim : undefined);
      }
    }),
    { numRuns: 300 },
  );
});

test('reconcile: a cancelled run stops what is under way, starts nothing and then ends as cancelled', () => {
  const plan = fc.sample(randomPlan, 1)[0] as Plan;
  const fold = new RunFold('run', plan);
  const first = plan.tasks[0]?.name ?? '';
  fold.apply({ at: '', event: 'attempt-starting', task: first, attempt: 1 });
  fold.apply({ at: '', event: 'attempt-started', task: first, attempt: 1, handle: 'h' });
  const during = reconcile(plan, { tasks: fold.tasks, cancelRequested: true, capacity: 9 });
  assert.deepEqual(during, [{ action: 'stop', task: first, attempt: 1, handle: 'h' }]);
  fold.apply({
    at: '',
    event: 'attempt-stopped',
    task: first,
    attempt: 1,
    exitCode: 143,
    failure: { reason: 'cancelled', blame: 'request', detail: '' },
    times: {},
  });
  assert.deepEqual(reconcile(plan, { tasks: fold.tasks, cancelRequested: true, capacity: 9 }), [
    { action: 'finish', state: 'cancelled' },
  ]);
});
