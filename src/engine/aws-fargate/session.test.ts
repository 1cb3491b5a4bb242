import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { configSchema } from '../../config/schema.ts';
import { predictedOverrides, RUN_ID } from '../../fargate/predicted-overrides.ts';
import type { RunTaskDetails, runTaskRequest } from '../../fargate/run-task-request.ts';
import { bootstrapCommand } from '../../fargate/step-command.ts';
import type { Plan, PlanTask } from '../../model/plan.ts';
import { ok } from '../../util/result.ts';
import { FargateSession, type SessionParts } from './session.ts';

const bootstrap = readFileSync(join(import.meta.dirname, '..', '..', '..', 'bridge', 'bootstrap.py'), 'utf8');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const deflate = (text: string) => deflateSync(text).toString('base64');
const task = {
  name: 'clean',
  nodes: ['clean', 'fit'],
  reads: ['raw'],
  writes: ['model'],
  image: null,
  env: { LEVEL: '3' },
  vcpu: 1,
  memoryMiB: 2048,
};
const plan = {
  planHash: '0'.repeat(64),
  pipeline: '__default__',
  env: 'local',
  tasks: [task],
  boundaryDatasets: [],
  params: {},
  loadVersions: {},
} as unknown as Plan;
const runId = '20261125T030000-abcdef';

/** What a session sends to start the task. */
async function sent(written: object, spill: string | undefined): Promise<ReturnType<typeof runTaskRequest>> {
  const settings = configSchema.parse(written);
  const requests: ReturnType<typeof runTaskRequest>[] = [];
  const isUsers = settings.execution_engine.task_definition !== undefined;
  const session = new FargateSession({
    options: { account: { region: 'eu-central-1' }, capacity: 1, logLagMs: 0, sha256, now: () => 0 },
    request: { runId, plan, saveVersion: '2026-11-25T03.00.00.000Z' },
    services: {
      ecs: {
        runTask: async (request: ReturnType<typeof runTaskRequest>) => {
          requests.push(request);
          return ok({ task: { taskArn: 'arn' }, reasons: [] });
        },
      },
    },
    launch: {
      settings,
      definitions: [[null, { arn: 'arn', others: isUsers ? { cpu: 0, memory: 0 } : undefined }]],
      spill,
      stepHash: sha256('step'),
      bootstrap: bootstrapCommand(bootstrap),
    },
  } as unknown as SessionParts);
  const launch: RunTaskDetails['launch'] = { spot: false, vcpu: task.vcpu, memoryMiB: task.memoryMiB };
  const started = await session.start({ task: 'clean', attempt: 1, refusals: 0, launch });
  assert.ok(started.ok);
  return requests[0] as ReturnType<typeof runTaskRequest>;
}

test('a session sends overrides of the length that check predicts', async () => {
  const users = { execution_engine: { task_definition: 'mine' } };
  const cases: [written: object, spill: string | undefined][] = [
    [{}, 's3://shop/spill'],
    [{}, undefined],
    [users, 's3://shop/spill'],
    [{ ...users, step: 'kedro-command' }, undefined],
  ];
  for (const [written, spill] of cases) {
    const { overrides } = await sent(written, spill);
    const settings = configSchema.parse(written);
    const run = { settings, plan, spill, bootstrap, stepHash: sha256('step'), deflate, params: {} };
    const predicted = predictedOverrides(task as unknown as PlanTask, run);
    const shorter = RUN_ID.length - runId.length;
    assert.equal(JSON.stringify(predicted).length, JSON.stringify(overrides).length + shorter, JSON.stringify(written));
  }
});
