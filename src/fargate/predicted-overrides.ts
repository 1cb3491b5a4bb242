import type { ConfigValues } from '../config/schema.ts';
import type { PlanTask } from '../model/plan.ts';
import { isPlainKedro, plainCommand } from './plain-kedro.ts';
import { cpuUnits, runTaskRequest } from './run-task-request.ts';
import { bootstrapCommand } from './step-command.ts';
import { attemptEnvironment, deliveryEnvironment, type StepDelivery } from './step-environment.ts';

/** What is known of a run before there is one. */
export interface PredictedRun extends StepDelivery {
  readonly settings: ConfigValues;
  /** The text of `bridge/bootstrap.py`. */
  readonly bootstrap: string;
  /** The parameters that Airflow hands on. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Names as long as a run gets them: under Airflow its id has up to 36 characters. */
export const RUN_ID = '20261125T030000-abcdef'.padEnd(36, '-');
const SAVE_VERSION = '2026-11-25T03.00.00.000Z';
const NONCE = '0'.repeat(16);

/** The `overrides` with which a task would be started: what ECS limits to 8192 characters. */
export function predictedOverrides(task: PlanTask, run: PredictedRun) {
  const { settings, plan, spill, bootstrap, params } = run;
  const isPlain = isPlainKedro(settings);
  const { overrides } = runTaskRequest({
    engine: settings.execution_engine,
    taskDefinitionArn: '',
    runId: RUN_ID,
    clientToken: '',
    command: isPlain ? plainCommand(task, plan, settings) : bootstrapCommand(bootstrap),
    environment: {
      ...deliveryEnvironment(task, run),
      ...(spill === undefined && !isPlain ? { WHERRY_EVENTS: `stdout:${NONCE}` } : {}),
      ...attemptEnvironment({ runId: RUN_ID, task: task.name, attempt: '1', saveVersion: SAVE_VERSION }),
      ...(Object.keys(params).length > 0 ? { WHERRY_PARAMS: JSON.stringify(params) } : {}),
    },
    launch: { spot: false, vcpu: task.vcpu, memoryMiB: task.memoryMiB },
    // A definition of the user's may limit its containers, and so the main one is limited too.
    containerLimits:
      settings.execution_engine.task_definition === undefined
        ? undefined
        : { cpu: cpuUnits(task.vcpu), memory: task.memoryMiB },
  });
  return overrides;
}
