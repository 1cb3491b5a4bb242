import type { ConfigValues } from '../config/schema.ts';
import type { Plan, PlanTask } from '../model/plan.ts';

/** Whether tasks run Kedro's own `kedro run` in place of Wherry's step. */
export function isPlainKedro({ step }: Pick<ConfigValues, 'step'>): boolean {
  return step === 'kedro' || step === 'kedro-command';
}

/** `kedro run` for one task. With `step: kedro` only its arguments: the image's ENTRYPOINT is `kedro run` itself. */
export function plainCommand(task: PlanTask, plan: Plan, { step }: Pick<ConfigValues, 'step'>): string[] {
  const { env, pipeline, confSource, params, loadVersions } = plan;
  const flags: readonly (readonly [string, string | undefined])[] = [
    ['--env', env],
    ['--pipeline', pipeline === '__default__' ? undefined : pipeline],
    ['--nodes', task.nodes.join(',')],
    ['--conf-source', confSource === 'conf' ? undefined : confSource],
    ['--params', pairs(leaves(params), '=')],
    ['--load-versions', pairs(versionsOf(task, loadVersions), ':')],
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined || value === '' ? [] : [`${flag}=${value}`]));
  return step === 'kedro-command' ? ['kedro', 'run', ...given] : given;
}

/** Kedro refuses a version of a dataset that the pipeline it is to run does not have. */
function versionsOf({ reads }: PlanTask, versions: Plan['loadVersions']): [string, string][] {
  return Object.entries(versions).filter(([dataset]) => reads.includes(dataset));
}

/** What `kedro run` cannot do for this plan, each as the end of "Wherry's own step is needed: …". */
export function beyondPlainKedro(plan: Plan, settings: Pick<ConfigValues, 'airflow'>): string[] {
  const spilled = plan.boundaryDatasets.filter(({ storage }) => storage === 'spill').map(({ name }) => `'${name}'`);
  return [
    spilled.length > 0 && `${spilled.join(', ')} would pass between tasks in memory`,
    Object.keys(plan.paths).length > 0 && "'paths' are set, and Kedro knows nothing of them",
    plan.programs !== undefined && 'the nodes of a pipeline.yml are not Kedro',
    Object.keys(settings.airflow.params).length > 0 && "'airflow.params' are known only when the DAG runs",
    leaves(plan.params).some(([, value]) => value.includes(',')) &&
      'a value in --params has a comma, which Kedro takes for the next parameter',
  ].filter((reason) => reason !== false);
}

/** Nested parameters by dotted name, values as Kedro reads them back: YAML. */
function leaves(params: Readonly<Record<string, unknown>>, before = ''): [string, string][] {
  return Object.entries(params).flatMap(([name, value]): [string, string][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      ? leaves(value as Record<string, unknown>, `${before}${name}.`)
      : [[`${before}${name}`, JSON.stringify(value)]],
  );
}

function pairs(entries: readonly (readonly [string, string])[], sign: string): string {
  return entries.map(([name, value]) => `${name}${sign}${value}`).join(',');
}
