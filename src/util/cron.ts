import { Cron } from 'croner';

/** What Airflow (`cron_presets`) and croniter, by which it reads the others, take in place of five fields. */
const PRESETS = /^@(once|continuous|hourly|daily|midnight|weekly|monthly|quarterly|yearly|annually)$/;

/** Any instant will do: whether a time ever comes does not depend on it. */
const FROM = '2024-01-01T00:00:00';

/**
 * What is wrong with a schedule as Airflow reads it: five fields, or six and seven with seconds and years at the end;
 * undefined where nothing is.
 */
export function cronProblem(text: string): string | undefined {
  if (text.startsWith('@')) return PRESETS.test(text) ? undefined : `there is no '${text}'`;
  const fields = text.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 7) return `it has ${fields.length} fields, and five are needed`;
  const [minute = '', hour = '', day = '', month = '', weekday = '', second = '0'] = fields.map(asCroner);
  try {
    parse([second, minute, hour, day, month, weekday]);
    // A day of the month or a weekday is enough, but for weekdays that are any.
    const isNever = /[*?]/.test(weekday) && parse([second, minute, hour, day, month, '*']).nextRun(FROM) === null;
    return isNever ? 'that time never comes' : undefined;
  } catch (error) {
    return (error as Error).message.replace(/^CronPattern: /, '').replace(/\.$/, '');
  }
}

function parse(fields: readonly string[]): Cron {
  return new Cron(fields.join(' '), { paused: true, mode: '6-part' });
}

/** croniter also takes ranges that go round (`22-4`), steps larger than their range, and the last Friday as `L5`. */
function asCroner(field: string): string {
  return field
    .replace(/(\d+)-(\d+)(\/[1-9]\d*)?/g, (whole, from, to) => (Number(from) > Number(to) ? `${from},${to}` : whole))
    .replace(/(\*|\d+)\/[1-9]\d*/g, '$1')
    .replace(/\bL([0-7])\b/g, '$1#L');
}
