/**
 * Where kedro-airflow's keys go in ours. Source: the README of kedro-airflow 0.11, "What does the plugin use as
 * configuration", and its DAG template: `retry_delay` is minutes, a list as `start_date` is year, month, day.
 */
const PLACES: Readonly<Record<string, readonly ['airflow', 'dag' | 'default_args', string]>> = {
  start_date: ['airflow', 'dag', 'start_date'],
  schedule: ['airflow', 'dag', 'schedule'],
  schedule_interval: ['airflow', 'dag', 'schedule'],
  catchup: ['airflow', 'dag', 'catchup'],
  max_active_runs: ['airflow', 'dag', 'max_active_runs'],
  owner: ['airflow', 'default_args', 'owner'],
  depends_on_past: ['airflow', 'default_args', 'depends_on_past'],
  email_on_failure: ['airflow', 'default_args', 'email_on_failure'],
  email_on_retry: ['airflow', 'default_args', 'email_on_retry'],
  retries: ['airflow', 'default_args', 'retries'],
  retry_delay: ['airflow', 'default_args', 'retry_delay'],
};

export interface KedroAirflow {
  /** As a wherry.yml would say it. */
  readonly value: { readonly airflow: { readonly dag: object; readonly default_args: object } };
  /** For each of our paths that has a value, their key. */
  readonly keyOf: ReadonlyMap<string, string>;
  /** Their keys that only a template of the user's own could read. */
  readonly ignored: readonly string[];
}

/** What one section of an `airflow.yml` says. */
export function readKedroAirflow(section: object): KedroAirflow {
  const value = { airflow: { dag: {} as Record<string, unknown>, default_args: {} as Record<string, unknown> } };
  const keyOf = new Map<string, string>();
  const ignored: string[] = [];
  for (const [key, found] of Object.entries(section)) {
    const place = Object.hasOwn(PLACES, key) ? PLACES[key] : undefined;
    if (place === undefined) {
      ignored.push(key);
      continue;
    }
    const [, part, name] = place;
    value.airflow[part][name] = converted(key, found);
    keyOf.set(place.join('.'), key);
  }
  return { value, keyOf, ignored };
}

function converted(key: string, value: unknown): unknown {
  if (key === 'retry_delay' && typeof value === 'number') return value * 60;
  if (key === 'start_date' && Array.isArray(value))
    return value.map((part, index) => String(part).padStart(index === 0 ? 4 : 2, '0')).join('-');
  return value;
}
