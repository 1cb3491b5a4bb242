import type { ConfigValues } from '../config/schema.ts';
import type { Plan, PlanTask } from '../model/plan.ts';
import { isPlainKedro } from './plain-kedro.ts';
import { manifestKey, under } from './step-command.ts';

/** What a container needs to find step and manifest. */
export interface StepDelivery {
  readonly settings: Pick<ConfigValues, 'step'>;
  readonly plan: Plan;
  /** Where both were put; undefined where there is no such place: then the manifest goes along, and the step stands in the definition. */
  readonly spill: string | undefined;
  /** Hex SHA-256 of the step. */
  readonly stepHash: string;
  /** Base64 of zlib. */
  readonly deflate: (text: string) => string;
}

/** The variables of one task that are the same in every run. */
export function deliveryEnvironment(task: PlanTask, { settings, plan, spill, stepHash, deflate }: StepDelivery) {
  if (isPlainKedro(settings)) return task.env;
  if (spill === undefined) return { ...task.env, WHERRY_MANIFEST: deflate(inlineManifest(plan, task)) };
  return {
    ...task.env,
    WHERRY_SPILL: spill,
    WHERRY_STEP: stepHash,
    WHERRY_PLAN: under(spill, manifestKey(plan.planHash)),
    WHERRY_EVENTS: 'spill',
  };
}

/** The variables that name one attempt. */
export function attemptEnvironment(attempt: {
  readonly runId: string;
  readonly task: string;
  readonly attempt: string;
  readonly saveVersion: string;
}) {
  return {
    WHERRY_RUN_ID: attempt.runId,
    WHERRY_TASK: attempt.task,
    WHERRY_ATTEMPT: attempt.attempt,
    WHERRY_SAVE_VERSION: attempt.saveVersion,
  };
}

/** What one task needs of the plan, for a step that has nowhere to fetch it from. */
function inlineManifest(plan: Plan, task: PlanTask): string {
  const own = plan.boundaryDatasets.filter(({ name }) => task.reads.includes(name) || task.writes.includes(name));
  const { programs } = plan;
  const few = programs && {
    nodes: pick(programs.nodes, task.nodes),
    datasets: pick(programs.datasets, [...task.reads, ...task.writes]),
  };
  return JSON.stringify({ ...plan, tasks: [task], boundaryDatasets: own, ...(few && { programs: few }) });
}

function pick<T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(
    keys.flatMap((key): [string, T][] => {
      const value = record[key];
      return value === undefined || !Object.hasOwn(record, key) ? [] : [[key, value]];
    }),
  );
}
