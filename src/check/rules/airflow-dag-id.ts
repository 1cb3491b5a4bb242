import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** Airflow takes letters, digits, dashes, dots and underscores, up to 250; the id is a file's name as well. */
export const airflowDagId: Rule = ({ dagId, config, plan }) => {
  const { run_name, experiment_name } = config.values.run_config;
  const name = run_name ?? experiment_name ?? plan.project;
  const written = plan.pipeline === '__default__' ? name : `${name}-${plan.pipeline}`;
  if (dagId === undefined || dagId === written) return [];
  const shown = written.length > 60 ? `${written.slice(0, 60)}… (${written.length} characters)` : written;
  return [
    diagnostic('airflow/dag-id', {
      message: `The DAG is called '${dagId}', not '${shown}'`,
      why: "the id is a file's name too: letters, digits, dashes, dots and underscores, up to 200",
      help: 'look for it under that name in Airflow, or write run_config.run_name so',
      span: config.locate(['run_config', 'run_name']) ?? config.locate(['run_config', 'experiment_name']),
    }),
  ];
};
