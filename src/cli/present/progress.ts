import type { Colors } from 'picocolors/types.js';
import type { Failure, RunEvent } from '../../model/run.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { Progress } from '../../run/run-plan.ts';
import { describeDuration } from '../../util/describe-duration.ts';
import { describeLaunch, REASONS } from './tries.ts';

/** One line for each thing that happens, with the seconds since the start; log lines with their task in front. */
export function progressPrinter(
  write: (text: string) => void,
  now: () => number,
  colors: Colors,
): (progress: Progress) => void {
  const start = now();
  let isHeld = false;
  return (progress) => {
    if (progress.kind === 'log') {
      for (const { text } of progress.lines) write(`${colors.dim(`${progress.task} |`)} ${tidy(text)}\n`);
      return;
    }
    if (progress.kind === 'event') {
      const { event } = progress;
      // Said once, not for each task that waits.
      if (isHeld && event.event === 'retry-due' && !event.counts) return;
      isHeld = event.event === 'retry-due' ? !event.counts : isHeld && event.event !== 'attempt-started';
    }
    const text =
      progress.kind === 'event' ? describe(progress.event, now(), colors) : describeTrouble(progress.trouble, colors);
    const seconds = ((now() - start) / 1000).toFixed(1).padStart(6);
    if (text !== undefined) write(`${colors.dim(`${seconds}s`)} ${text}\n`);
  };
}

/** Rich, which Kedro logs with, pads lines to the width that it believes the terminal has. */
function tidy(text: string): string {
  return text.trimEnd().replace(/ {20,}/g, '  ');
}

function describeTrouble({ kind, service, detail }: ServiceTrouble, colors: Colors): string {
  const what = kind === 'credentials' ? 'refuses the credentials' : 'does not answer';
  return colors.yellow(`${service} ${what}: ${detail.replace(/\.$/, '')}. Asking again`);
}

/** Undefined for what needs no line of its own. */
function describe(event: RunEvent, now: number, colors: Colors): string | undefined {
  switch (event.event) {
    case 'attempt-started':
      return `${colors.bold(event.task)} starting`;
    case 'attempt-running':
      return `${colors.bold(event.task)} running`;
    case 'attempt-stopped':
      return `${colors.bold(event.task)} ${event.failure === undefined ? colors.green('succeeded') : colors.red(wordFor(event.failure))}`;
    case 'run-resumed':
      return event.again.length === 0 ? undefined : `again: ${event.again.join(', ')}`;
    case 'retry-due':
      return describeRetry(event, now, colors);
    case 'stop-requested':
      return event.because === 'timed-out' ? `${colors.bold(event.task)} stopping: it took too long` : undefined;
    case 'task-skipped':
      return `${colors.bold(event.task)} ${colors.yellow('skipped')}: '${event.because}' failed`;
    case 'cancel-requested':
      return 'stopping what was started; Ctrl-C again to leave at once';
    default:
      return undefined;
  }
}

type RetryDue = Extract<RunEvent, { event: 'retry-due' }>;

function describeRetry({ task, attempt, because, launch, counts, notBefore }: RetryDue, now: number, colors: Colors) {
  if (!isReason(because)) return undefined;
  if (!counts) return colors.yellow(`waiting for tasks of this run to end: ${REASONS[because]}`);
  const wait = notBefore > now ? `in ${describeDuration(notBefore - now)}` : 'now';
  return `${colors.bold(task)} ${colors.yellow(`attempt ${attempt}`)} ${wait}, with ${describeLaunch(launch)}: ${REASONS[because]}`;
}

function isReason(because: RetryDue['because']): because is keyof typeof REASONS {
  return Object.hasOwn(REASONS, because);
}

function wordFor({ reason }: Failure): string {
  if (reason === 'cancelled') return 'stopped';
  return reason === 'unknown' ? 'may have run: nobody knows' : 'failed';
}
