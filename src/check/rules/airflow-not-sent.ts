import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** Source: the arguments of EcsRunTaskOperator (apache-airflow-providers-amazon). */
export const airflowNotSent: Rule = ({ target, config }) => {
  if (target !== 'airflow' || !config.values.execution_engine.enable_execute_command) return [];
  return [
    diagnostic('airflow/not-sent', {
      message: "'execution_engine.enable_execute_command' is set",
      why: "Airflow's EcsRunTaskOperator cannot send it: tasks that a DAG starts take no `aws ecs execute-command`",
      help: 'start the run with `wherry run` when you need a shell in a container',
      span: config.locate(['execution_engine', 'enable_execute_command'], 'key'),
    }),
  ];
};
