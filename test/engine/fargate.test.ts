import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Act, runOnFargate } from '../support/fargate-run.ts';
import { makeNode } from '../support/random-pipeline.ts';

/** So many tasks that need nothing of each other. */
const flat = (count: number) => Array.from({ length: count }, (_, index) => makeNode(`n${index}`, { inputs: ['raw'] }));

/** Some tasks print nothing, most a line, some more. */
function linesOf(task: string): string[] {
  const count = Number(task.slice(1)) % 10;
  return count === 0 ? [] : count === 1 ? ['one', 'two', 'three'].map((word) => `${task} ${word}`) : [`${task} only`];
}

test('fargate, wide: tasks of a line or none that end at once lose no line, and cost a RunTask each and little more', async () => {
  const count = Number(process.env['WHERRY_WIDE_TASKS'] ?? 200);
  const { state, logs, calls } = await runOnFargate({ nodes: flat(count), act: (task) => ({ lines: linesOf(task) }) });
  assert.equal(state.state, 'succeeded');
  for (const { name } of state.tasks) assert.deepEqual(logs.get(name) ?? [], linesOf(name), name);
  const {
    'ecs:RunTask': runTask,
    'ecs:DescribeTasks': describe = 0,
    'logs:FilterLogEvents': filter = 0,
    ...once
  } = calls;
  assert.equal(runTask, count);
  assert.ok(
    Object.values(once).every((calls) => calls === 1),
    JSON.stringify(calls),
  );
  // All that is no polling; and that is shared.
  assert.ok((runTask + Object.keys(once).length) / count <= 1.2, JSON.stringify(calls));
  assert.ok(describe < count / 2 && filter < count / 2, JSON.stringify(calls));
});

test('fargate, logs: lines that come late, and after the end of their task, are read in their order, and those of a task that fails too', async () => {
  const lines = (task: string) => ['first', 'second', 'last'].map((word) => `${task} ${word}`);
  const { logs } = await runOnFargate({
    nodes: flat(6),
    act: (task) => ({ lines: lines(task), exitCode: task === 'n5' ? 1 : 0 }),
    faults: {
      tasks: [
        { fault: 'late-logs', where: { env: { WHERRY_TASK: 'n1' } }, seconds: 0.4 },
        { fault: 'late-logs', where: { env: { WHERRY_TASK: 'n3' } }, seconds: 0.8, from: 'end' },
        { fault: 'late-logs', where: { env: { WHERRY_TASK: 'n5' } }, seconds: 0.8, from: 'end' },
      ],
    },
    logLagMs: 10_000,
  });
  for (const { name } of flat(6)) assert.deepEqual(logs.get(name), lines(name));
});

test('fargate, faults: throttled, unanswered and answered too late, every task runs once, and uses no retry', async () => {
  const requests = [
    { fault: 'answer-lost', operation: 'RunTask', percent: 10 },
    { fault: 'ec2-throttled', operation: 'RunTask', percent: 10 },
    { fault: 'server-error', percent: 5 },
    { fault: 'connection-reset', percent: 5 },
    { fault: 'throttled', percent: 10 },
  ];
  const nodes = flat(40);
  const { state, made, logs } = await runOnFargate({
    nodes,
    act: (task) => ({ lines: [`${task} ran`] }),
    faults: { seed: 3, requests },
  });
  assert.equal(state.state, 'succeeded');
  assert.deepEqual([...made].sort(), nodes.map(({ name }) => `${name}/1`).sort());
  for (const { name } of nodes) assert.deepEqual(logs.get(name), [`${name} ran`]);
});

test('fargate, rates: by those of a new account a fan-out is throttled at no call; without a limiter it is, and loses nothing by it', async () => {
  const nodes = flat(40);
  const run = { nodes, act: (task: string) => ({ lines: [`${task} ran`] }), faults: { rates: true } };
  const limited = await runOnFargate({ ...run, isLimited: true });
  const greedy = await runOnFargate(run);
  assert.equal(limited.throttled, 0, JSON.stringify(limited.calls));
  assert.ok(greedy.throttled > 0);
  for (const { state, made, logs } of [limited, greedy]) {
    assert.equal(state.state, 'succeeded');
    assert.equal(new Set(made).size, made.length);
    for (const { name } of nodes) assert.deepEqual(logs.get(name), [`${name} ran`]);
  }
});

test('fargate, quota: at the limit of vCPUs a run waits for its own tasks, uses no retry, and does not ask all the time', async () => {
  const nodes = flat(16);
  const { state, calls, made, events } = await runOnFargate({
    nodes,
    act: () => ({ ms: 300 }),
    // Four tasks of a quarter.
    faults: { quota: { onDemand: 1 } },
  });
  assert.equal(state.state, 'succeeded');
  assert.equal(made.length, 16);
  assert.ok(state.tasks.every(({ attempts }) => attempts.length === 1));
  assert.ok(events.some((event) => event.event === 'retry-due' && event.because === 'over-quota' && !event.counts));
  assert.ok((calls['ecs:RunTask'] ?? 0) <= 16 + 12 + 12, JSON.stringify(calls));
});

test('fargate, quota: told as one of the `failures`, which ECS answers again to the same token, it is waited for likewise', async () => {
  const nodes = flat(4);
  const { state, made } = await runOnFargate({
    nodes,
    // One after the other, so that some of its own hold the quota when it is refused.
    act: (task) => ({ ms: 200 * (1 + Number(task.slice(1))) }),
    faults: { tasks: [{ fault: 'vcpu-limit', as: 'failure', where: { env: { WHERRY_TASK: 'n2' } }, times: 2 }] },
  });
  assert.equal(state.state, 'succeeded');
  assert.deepEqual([...made].sort(), ['n0/1', 'n1/1', 'n2/1', 'n3/1']);
  assert.deepEqual(
    state.tasks.map(({ attempts }) => attempts.map(({ refusals, counts }) => [refusals, counts])),
    [[[0, true]], [[0, true]], [[2, true]], [[0, true]]],
  );
});

test('fargate, failures: a program that fails is tried again by the policy, and each attempt has its own log and record', async () => {
  const { state, logs, events } = await runOnFargate({
    nodes: flat(1),
    act: (_, attempt) => ({ lines: [`try ${attempt}`], exitCode: attempt === 1 ? 3 : 0 }),
    policy: { retries: { platform: 0, spot: 0, user: 1, oom: 'fail' } },
  });
  assert.equal(state.state, 'succeeded');
  assert.deepEqual(logs.get('n0'), ['try 1', 'try 2']);
  const ends = events.filter((event) => event.event === 'attempt-stopped');
  assert.deepEqual(
    ends.map(({ failure }) => failure?.reason),
    ['exit-nonzero', undefined],
  );
  for (const { details } of ends)
    assert.match(JSON.stringify(details), /"imageDigest":"sha256:[0-9a-f]{64}","exitCode":\d/);
});

test('fargate, Spot: what is interrupted again and again goes on demand, and says what happened to each attempt', async () => {
  const { state, made } = await runOnFargate({
    nodes: flat(1),
    act: (_, attempt) => ({ ms: attempt < 4 ? 1000 : 0 }),
    policy: { spot: true, retries: { platform: 3, spot: 2, user: 0, oom: 'fail' } },
    faults: { tasks: [{ fault: 'spot-interruption', where: { launch: 'spot' }, after: 0 }] },
  });
  assert.equal(state.state, 'succeeded');
  assert.deepEqual(made, ['n0/1', 'n0/2', 'n0/3', 'n0/4']);
  assert.deepEqual(
    state.tasks[0]?.attempts.map(({ launch, failure }) => [launch.spot, failure?.reason]),
    [
      [true, 'interrupted'],
      [true, 'interrupted'],
      [true, 'interrupted'],
      [false, undefined],
    ],
  );
});

test('fargate, interrupted or lost: what had ended well by then is done and not tried again, by what its step said; the others are', async () => {
  const outcomes: Record<string, Act> = {
    // Of a Spot task that had its two minutes.
    n0: { ms: 300, exitCode: 0, reported: 0 },
    // That stopped when it was asked to, as a shell does that traps it.
    n1: { ms: 300, exitCode: 0 },
    n2: { ms: 300, exitCode: 143, reported: 143 },
    // Whose host was gone between its last word and its end.
    n3: { ms: 300, reported: 0 },
    n4: { ms: 300 },
  };
  const first = (task: string) => ({ WHERRY_TASK: task, WHERRY_ATTEMPT: '1' });
  const spot = ['n0', 'n1', 'n2'].map((task) => ({
    fault: 'spot-interruption',
    where: { env: first(task) },
    after: 0,
  }));
  const lost = ['n3', 'n4'].map((task) => ({ fault: 'host-lost', where: { env: first(task) }, after: 0 }));
  const { state } = await runOnFargate({
    nodes: flat(5),
    act: (task, attempt) => (attempt === 1 ? (outcomes[task] ?? {}) : {}),
    policy: { spot: true, retries: { platform: 1, spot: 1, user: 0, oom: 'fail' } },
    faults: { tasks: [...spot, ...lost] },
  });
  assert.equal(state.state, 'succeeded');
  const told = state.tasks.map(({ attempts }) => attempts.map(({ exitCode, failure }) => failure?.reason ?? exitCode));
  assert.deepEqual(told, [[0], ['interrupted', 0], ['interrupted', 0], [0], ['lost', 0]]);
});
