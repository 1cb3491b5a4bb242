import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { ContainerSpec, Driver } from '../../emulator/drivers/driver.ts';
import { openTestWorld, type TestWorld } from '../../emulator/test-world.ts';
import { fargateEngine } from '../../src/engine/aws-fargate/aws-fargate.ts';
import { nextLargerSize } from '../../src/fargate/sizes.ts';
import type { RunEvent, RunState } from '../../src/model/run.ts';
import { plan as makePlan } from '../../src/plan/plan.ts';
import { runPlan } from '../../src/run/run-plan.ts';
import { limiter } from '../../src/service/aws/rates.ts';
import { root } from '../support/cli.ts';
import { makeNode, makeProject } from '../support/random-pipeline.ts';
import { settings as settingsOf, sha256 } from '../support/settings.ts';

const TASKS = 300;
/** The run's own time passes so much faster, so that its pauses are not waited for. */
const SPEED = 20;
const CONTAINER_MS = 5;
/** Twelve in a row, and twenty-five such rows at once. */
const CHAINS = 25;

const FAULTS = `
seed: 11
requests:
  - { fault: throttled, percent: 30 }
  - { fault: answer-lost, operation: RunTask, percent: 3 }
  - { fault: connection-reset, percent: 1 }
tasks:
  - { fault: no-capacity, percent: 5 }
  - { fault: fails-to-start, cause: eni-timeout, percent: 5 }
  - { fault: spot-interruption, where: { launch: spot }, percent: 10 }
`;

test('run: 300 tasks succeed through throttling, lack of capacity, networks that time out, Spot and lost answers', async (t) => {
  const containers = new Containers();
  const world = await openTestWorld({ timeScale: 0.001, driver: containers.driver });
  t.after(() => world.end());
  const url = world.env['AWS_ENDPOINT_URL_ECS'] ?? '';
  await makeCluster(url);
  assert.equal((await world.control('PUT', 'faults', FAULTS)).status, 200);
  await world.control('DELETE', 'calls');
  const state = await runChains(url);
  const failed = state.tasks.filter((task) => task.state !== 'succeeded');
  assert.deepEqual(
    failed.map(({ name, attempts }) => `${name}: ${JSON.stringify(attempts.at(-1)?.failure)}`),
    [],
  );
  assert.deepEqual(containers.together, [], 'no task had two containers at once');
  assert.deepEqual(doneTwice(world), [], 'no task was done twice');
  const left = [...world.world.tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED');
  assert.deepEqual(
    left.map(({ id }) => id),
    [],
    'no ECS task is left behind',
  );
  await tell(t, state, world);
});

async function tell(t: TestContext, state: RunState, { control }: TestWorld) {
  const { answer } = await control('GET', 'calls');
  const { total, operations } = answer as { total: number; operations: Record<string, { calls: number }> };
  const attempts = state.tasks.reduce((sum, task) => sum + task.attempts.length, 0);
  const of = Object.entries(operations).map(([name, { calls }]) => `${name} ${calls}`);
  t.diagnostic(`${TASKS} tasks, ${attempts} attempts, ${(total / TASKS).toFixed(2)} calls a task: ${of.join(', ')}`);
}

/** Tasks with two ECS tasks that ran to their end. */
function doneTwice({ world }: TestWorld): string[] {
  const done = new Map<string, number>();
  for (const { task } of world.tasks.values()) {
    if (task.stopCode !== 'EssentialContainerExited') continue;
    const name = /"WHERRY_TASK","value":"(\w+)"/.exec(JSON.stringify(task.overrides))?.[1] ?? '';
    done.set(name, (done.get(name) ?? 0) + 1);
  }
  assert.equal(done.size, TASKS);
  return [...done].filter(([, count]) => count > 1).map(([name]) => name);
}

/** Watches, for each task, whether two of its containers live at once. */
class Containers {
  readonly together: string[] = [];
  readonly #live = new Map<string, number>();

  readonly driver: Driver = {
    create: async (spec) => ({
      runtimeId: spec.name,
      leftover: () => undefined,
      start: async () => this.#start(spec),
      remove: async () => undefined,
    }),
    sweep: async () => undefined,
  };

  #start({ environment }: ContainerSpec) {
    const task = environment['WHERRY_TASK'] ?? '';
    const live = (this.#live.get(task) ?? 0) + 1;
    this.#live.set(task, live);
    if (live > 1) this.together.push(task);
    let stop: () => void = () => undefined;
    const ended = new Promise<number>((resolve) => {
      stop = () => resolve(143);
      setTimeout(() => resolve(0), CONTAINER_MS);
    }).then((exitCode) => {
      this.#live.set(task, (this.#live.get(task) ?? 1) - 1);
      return { exitCode, isOutOfMemory: false };
    });
    return { ended, execute: async () => 0, stop: () => stop(), kill: () => stop() };
  }
}

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

async function makeCluster(endpoint: string): Promise<void> {
  const ecs = new ECSClient({ region: 'eu-central-1', endpoint, credentials });
  await ecs.send(new CreateClusterCommand({ clusterName: 'chaos', capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }));
  ecs.destroy();
}

async function runChains(url: string): Promise<RunState> {
  const settings = settingsOf({
    image: 'chaos:1',
    grouping: 'node',
    execution_engine: {
      cluster: 'chaos',
      subnets: ['subnet-0123456789abcdef0'],
      execution_role_arn: 'execution',
      spot: true,
    },
  });
  const nodes = Array.from({ length: TASKS }, (_, index) =>
    makeNode(`n${index}`, { after: index < CHAINS ? [] : [`n${index - CHAINS}`], outputs: [`d${index}`] }),
  );
  const project = makeProject(nodes, []);
  const [pipeline] = project.pipelines.values();
  assert.ok(pipeline);
  const { plan } = makePlan({ project, pipeline, grouping: 'node', settings, sha256 });
  const begun = Date.now();
  const now = () => begun + (Date.now() - begun) * SPEED;
  const account = {
    region: 'eu-central-1',
    profile: undefined,
    credentials,
    endpoints: { ecs: url, logs: url, s3: url, sts: url },
  };
  const read = (name: string) => readFileSync(join(root, 'bridge', name), 'utf8');
  const delivery = {
    account,
    settings,
    projectName: 'chaos',
    spill: undefined,
    step: read('step.py'),
    bootstrap: read('bootstrap.py'),
    sha256,
    tell: () => {},
    say: () => {},
  };
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / SPEED));
  const engine = fargateEngine({
    account,
    sha256,
    delivery,
    capacity: () => 80,
    logLagMs: 50,
    now,
    limit: limiter({ now, sleep: pause }),
    say: () => {},
  });
  const request = { runId: '20260101T000000-chaos0', plan, saveVersion: '2026-01-01T00.00.00.000Z' };
  const opened = await engine.open(request);
  assert.ok(opened.ok, JSON.stringify(opened));
  const events: RunEvent[] = [];
  const outcome = await runPlan({
    ...request,
    engineId: engine.id,
    prices: undefined,
    policy: { retries: settings.retries, timeoutMs: 24 * 3_600_000, spot: true },
    largerSize: nextLargerSize,
    jitter: (text) => Number.parseInt(sha256(text).slice(0, 8), 16) / 2 ** 32,
    resumed: undefined,
    session: opened.value,
    recorder: {
      append: async (event) => void events.push(event),
      appendLog: async () => undefined,
      keptLines: async () => [],
    },
    now,
    sleep: (ms, early) => Promise.race([pause(ms), ...(early === undefined ? [] : [early])]),
    cancel: { aborted: false },
    lost: async () => undefined,
    report: () => undefined,
  });
  await opened.value.close();
  return outcome.state;
}
