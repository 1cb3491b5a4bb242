import type { WrittenSettings } from '../config/schema.ts';

/** What an airflow-k8s file says, in the words of wherry.yml and before its variables are filled in. */
type Written = Readonly<Record<string, unknown>>;

/** The keys of `run_config` that mean something in a wherry.yml: the DAG's name. */
const KEPT = ['run_name', 'experiment_name'];

/** The same in a wherry.yml: with what kedro-airflow-k8s does where its file says nothing. */
export function fromAirflowK8s(written: Written): WrittenSettings {
  const { host: _, output: __, run_config, execution_engine, airflow, ...others } = written;
  const runConfig = mapOf(run_config);
  const dag = mapOf(mapOf(airflow)['dag']);
  const names = Object.fromEntries(Object.entries(runConfig).filter(([key]) => KEPT.includes(key)));
  return {
    execution_engine: { ...mapOf(execution_engine), type: 'aws-fargate' },
    grouping: runConfig['group_spark_nodes'] === true ? 'memory' : 'node',
    ...others,
    airflow: { ...mapOf(airflow), dag: { schedule: '@daily', ...dag } },
    ...(Object.keys(names).length === 0 ? {} : { run_config: names }),
  } as WrittenSettings;
}

function mapOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
