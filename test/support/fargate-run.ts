import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { ContainerSpec, Driver } from '../../emulator/drivers/driver.ts';
import { openTestWorld } from '../../emulator/test-world.ts';
import { fargateEngine } from '../../src/engine/aws-fargate/aws-fargate.ts';
import type { Node } from '../../src/model/project.ts';
import type { RunEvent, RunPolicy, RunState } from '../../src/model/run.ts';
import { plan as makePlan } from '../../src/plan/plan.ts';
import { runPlan } from '../../src/run/run-plan.ts';
import { ecsService } from '../../src/service/aws/ecs.ts';
import { limiter } from '../../src/service/aws/rates.ts';
import { makeDataset, makeProject } from './random-pipeline.ts';
import { settings, sha256 } from './settings.ts';

/** What a container does: it prints lines and ends, after so long, with this status. */
export interface Act {
  readonly lines?: readonly string[];
  readonly ms?: number;
  readonly exitCode?: number;
  /** Its step says that it has ended so, before the container does. */
  readonly reported?: number;
}

export interface FargateRun {
  readonly nodes: readonly Node[];
  readonly act?: (task: string, attempt: number) => Act;
  readonly policy?: Partial<RunPolicy>;
  readonly faults?: object;
  readonly capacity?: number;
  /** Whether calls are held back below the account's rates, in real time; as on AWS. */
  readonly isLimited?: boolean;
  /** How long lines may take after the end of a task, in the run's time. */
  readonly logLagMs?: number;
}

export interface FargateRan {
  readonly state: RunState;
  readonly events: readonly RunEvent[];
  readonly logs: ReadonlyMap<string, readonly string[]>;
  /** `task/attempt` of each container that was made, in order. */
  readonly made: readonly string[];
  /** By operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** How many of them were throttled. */
  readonly throttled: number;
}

const SPEED = 10;
const RUN_ID = '20260101T000000-testing';
const ACCOUNT = { region: 'eu-central-1', profile: undefined, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const SETTINGS = settings({
  execution_engine: {
    type: 'aws-fargate',
    cluster: 'testing',
    subnets: ['subnet-0123456789abcdef0'],
    execution_role_arn: 'execution',
  },
  image: 'testing:1',
  resources: { __default__: { vcpu: 0.25, memory: 512 } },
});

/** Drives a plan with the Fargate engine on an emulator in this process, whose containers are no processes. The run's time passes ten times as fast. */
export async function runOnFargate({
  nodes,
  act = () => ({}),
  policy,
  faults,
  capacity = 80,
  isLimited = false,
  logLagMs = 1000,
}: FargateRun): Promise<FargateRan> {
  const begun = Date.now();
  const now = () => begun + (Date.now() - begun) * SPEED;
  const made: string[] = [];
  const emulator = await openEmulator(({ environment, onLine }) => {
    const task = environment['WHERRY_TASK'] ?? '';
    const attempt = Number(environment['WHERRY_ATTEMPT']);
    made.push(`${task}/${attempt}`);
    const [, nonce] = environment['WHERRY_EVENTS']?.split(':') ?? [];
    const report = (exitCode: number) => onLine(`::wherry::${nonce}::{"event":"step-finished","exitCode":${exitCode}}`);
    return perform(act(task, attempt), { onLine, report });
  });
  const account = {
    ...ACCOUNT,
    endpoints: { ecs: emulator.url, logs: emulator.url, s3: emulator.url, sts: emulator.url },
  };
  const ecs = ecsService(account);
  await ecs.createCluster('testing');
  ecs.close();
  const pipeline = { name: '__default__', nodes };
  const project = makeProject(nodes, [makeDataset('raw')]);
  const { plan } = makePlan({ project, pipeline, grouping: 'node', settings: SETTINGS, sha256 });
  const delivery = {
    settings: SETTINGS,
    projectName: 'testing',
    spill: undefined,
    step: 's',
    bootstrap: 'b',
    sha256,
    tell: () => undefined,
    say: () => undefined,
  };
  const engine = fargateEngine({
    account,
    sha256,
    delivery: { ...delivery, account },
    capacity: () => capacity,
    logLagMs,
    now,
    limit: isLimited ? limiter({ now: Date.now, sleep: (ms) => setTimeout(ms) }) : undefined,
    say: () => undefined,
  });
  const opened = await engine.open({ runId: RUN_ID, plan, saveVersion: 'v' });
  assert.ok(opened.ok, JSON.stringify(opened));
  if (faults !== undefined) await emulator.setFaults(faults);
  const logs = new Map<string, string[]>();
  const events: RunEvent[] = [];
  try {
    const { state } = await runPlan({
      runId: RUN_ID,
      plan,
      engineId: 'aws-fargate',
      saveVersion: 'v',
      prices: undefined,
      policy: { retries: { platform: 0, spot: 0, user: 0, oom: 'fail' }, timeoutMs: 3_600_000, spot: false, ...policy },
      largerSize: () => undefined,
      jitter: () => 0,
      resumed: undefined,
      session: opened.value,
      recorder: {
        append: async (event) => void events.push(event),
        appendLog: async (task, _attempt, lines) =>
          void logs.set(task, [...(logs.get(task) ?? []), ...lines.map(({ text }) => text)]),
        keptLines: async () => [],
      },
      now,
      sleep: (ms) => setTimeout(ms / SPEED),
      cancel: { aborted: false },
      lost: async () => undefined,
      report: () => {},
    });
    return { state, events, logs, made, ...(await emulator.calls()) };
  } finally {
    await opened.value.close();
    emulator.end();
  }
}

async function perform(
  { lines = [], ms = 0, exitCode = 0, reported }: Act,
  { onLine, report }: Pick<ContainerSpec, 'onLine'> & { report(exitCode: number): void | Promise<void> },
) {
  for (const line of lines) await onLine(line);
  if (reported !== undefined) await report(reported);
  if (ms > 0) await setTimeout(ms);
  return { exitCode, isOutOfMemory: false };
}

interface Counted {
  readonly calls: number;
  readonly errors: Readonly<Record<string, number>>;
}

async function openEmulator(start: (spec: ContainerSpec) => Promise<{ exitCode: number; isOutOfMemory: boolean }>) {
  const driver: Driver = {
    create: async (spec) => ({
      runtimeId: 'r',
      leftover: () => undefined,
      start: async () => ({ ended: start(spec), execute: async () => 0, stop: () => undefined, kill: () => undefined }),
      remove: async () => undefined,
    }),
    sweep: async () => undefined,
  };
  const world = await openTestWorld({ timeScale: 0, driver });
  return {
    url: world.env['AWS_ENDPOINT_URL_ECS'] ?? '',
    setFaults: async (faults: object) => {
      const { status, answer } = await world.control('PUT', 'faults', faults);
      assert.equal(status, 200, JSON.stringify(answer));
    },
    calls: async () => {
      const { answer } = await world.control('GET', 'calls');
      const { operations } = answer as { operations: Record<string, Counted> };
      const throttled = Object.values(operations).map(({ errors }) => errors['ThrottlingException'] ?? 0);
      return {
        calls: Object.fromEntries(Object.entries(operations).map(([name, { calls }]) => [name, calls])),
        throttled: throttled.reduce((sum, count) => sum + count, 0),
      };
    },
    end: world.end,
  };
}
