import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { cronProblem } from '../../util/cron.ts';
import type { Rule } from '../rule.ts';

/** A schedule that Airflow would refuse when it reads the DAG, which is hours after somebody wrote it. */
export const scheduleCron: Rule = ({ config, target }) => {
  const { schedule } = config.values.airflow.dag;
  if (schedule === undefined || schedule === null) return [];
  const problem = typeof schedule === 'string' ? cronProblem(schedule) : 'it is no text';
  if (problem === undefined) return [];
  const shown = typeof schedule === 'string' ? schedule : JSON.stringify(schedule);
  return [
    diagnostic('schedule/invalid-cron', {
      severity: target === 'airflow' ? 'error' : 'warning',
      message: `'${shown}' is no schedule: ${problem}`,
      why: 'Airflow cannot import the DAG',
      help: 'write minute, hour, day, month and weekday, such as "0 3 * * 1-5", or @daily, @weekly …; null for none',
      span: config.locate(['airflow', 'dag', 'schedule']),
    }),
  ];
};
