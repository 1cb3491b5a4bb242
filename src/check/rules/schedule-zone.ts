import { closest } from 'fastest-levenshtein';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { timeZones, zoneProblem } from '../../util/time-zone.ts';
import type { Rule } from '../rule.ts';

/** The time zone in which a schedule is read: one that there is, and only one. */
export const scheduleZone: Rule = ({ config, target }) => {
  const { timezone, dag } = config.values.airflow;
  const severity = target === 'airflow' ? 'error' : 'warning';
  if (timezone === undefined) return [];
  const problem = zoneProblem(timezone);
  if (problem !== undefined)
    return [
      diagnostic('schedule/invalid-zone', {
        severity,
        message: `'${timezone}' is no time zone: ${problem}`,
        why: 'Airflow cannot import the DAG',
        help: `did you mean '${closest(timezone, timeZones())}'? Names are those of the IANA database, as Europe/Berlin`,
        span: config.locate(['airflow', 'timezone']),
      }),
    ];
  const start = dag['start_date'];
  if (typeof start !== 'string' || !/[+-]\d\d:\d\d$/.test(start)) return [];
  return [
    diagnostic('schedule/invalid-zone', {
      severity,
      message: `'${start}' has an offset, and the time zone is '${timezone}'`,
      why: "the schedule is read in one time zone, and the start date's offset is another one, without summer time",
      help: 'leave the offset out, and the start date is a time of that zone; or leave airflow.timezone out',
      span: config.locate(['airflow', 'dag', 'start_date']),
      notes: [{ message: 'the time zone', span: config.locate(['airflow', 'timezone']) }],
    }),
  ];
};
