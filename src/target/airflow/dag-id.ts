import type { Plan } from '../../model/plan.ts';

/** Airflow takes 250 characters; the id is also a file's name, with an ending. */
const LONGEST_ID = 200;

/** `run_name`, else `experiment_name`, else the project; `-<pipeline>` for pipelines other than the default one. */
export function dagId(
  { project, pipeline }: Pick<Plan, 'project' | 'pipeline'>,
  names: { readonly run_name?: string | undefined; readonly experiment_name?: string | undefined },
  sha256: (text: string) => string,
): string {
  const name = names.run_name ?? names.experiment_name ?? project;
  const wanted = pipeline === '__default__' ? name : `${name}-${pipeline}`;
  // Letters, digits, dashes, dots and underscores are what Airflow takes, in any script; a file's name is safest in ASCII.
  const safe = wanted.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[.-]+/, '');
  if (safe === wanted && safe.length <= LONGEST_ID) return safe;
  return `${safe.slice(0, LONGEST_ID) || 'dag'}-${sha256(wanted).slice(0, 6)}`;
}
