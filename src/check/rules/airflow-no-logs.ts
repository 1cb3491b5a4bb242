import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** Airflow shows the lines of a task only where the DAG names their log group, and a family of the user's does not say it here. */
export const airflowNoLogs: Rule = ({ target, config }) => {
  const { task_definition: family } = config.values.execution_engine;
  if (target !== 'airflow' || family === undefined) return [];
  return [
    diagnostic('airflow/no-logs', {
      message: `Where '${family}' writes its log is not known here`,
      why: 'Airflow shows the lines of a task only where the DAG names their log group',
      help: 'look at them in CloudWatch, or leave task_definition out: Wherry then owns one',
      span: config.locate(['execution_engine', 'task_definition']),
    }),
  ];
};
