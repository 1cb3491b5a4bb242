import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** Source: the arguments of EcsRunTaskOperator (apache-airflow-providers-amazon), which are the same for every try. */
export const airflowNotSent: Rule = ({ target, config }) => {
  if (target !== 'airflow') return [];
  const { execution_engine: engine, retries } = config.values;
  const notSent = (path: readonly string[], why: string, help: string) =>
    diagnostic('airflow/not-sent', {
      message: `'${path.join('.')}' is set`,
      why,
      help,
      span: config.locate(path, 'key'),
    });
  const findings = [
    engine.enable_execute_command &&
      notSent(
        ['execution_engine', 'enable_execute_command'],
        "Airflow's EcsRunTaskOperator cannot send it: tasks that a DAG starts take no `aws ecs execute-command`",
        'start the run with `wherry run` when you need a shell in a container',
      ),
    engine.max_tasks !== undefined &&
      notSent(
        ['execution_engine', 'max_tasks'],
        'Airflow itself decides how many tasks of a DAG run at once',
        'set airflow.dag.max_active_tasks, or a pool in airflow.pool',
      ),
    retries.oom === 'grow' &&
      notSent(
        ['retries', 'oom'],
        'a task of Airflow has one size: where memory runs out it is tried again as it was',
        'give it the memory that it needs under resources',
      ),
  ];
  return findings.filter((found) => found !== false);
};
