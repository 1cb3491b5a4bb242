import type { Colors } from 'picocolors/types.js';
import type { Failure, RunEvent, RunState } from '../../model/run.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { Progress } from '../../run/run-plan.ts';
import { describeDuration } from '../../util/describe-duration.ts';
import { describeLaunch, REASONS } from './tries.ts';

const DETAIL_LENGTH = 240;

type Happened = Extract<Progress, { kind: 'event' }>;

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
      progress.kind === 'event' ? describe(progress, now(), colors) : describeTrouble(progress.trouble, colors);
    const seconds = ((now() - start) / 1000).toFixed(1).padStart(6);
    if (text !== undefined) write(`${colors.dim(`${seconds}s`)} ${text}\n`);
  };
}

/** Rich, which Kedro logs with, pads lines to the width that it believes the terminal has. */
function tidy(text: string): string {
  return text.trimEnd().replace(/ {20,}/g, '  ');
}

const TROUBLES = {
  credentials: 'refuses the credentials',
  throttled: 'is asked too often',
  refused: 'refuses',
  unreachable: 'does not answer',
} as const;

function describeTrouble({ kind, service, detail }: ServiceTrouble, colors: Colors): string {
  return colors.yellow(`${service} ${TROUBLES[kind]}: ${detail.replace(/\.+$/, '')}. Asking again`);
}

/** Undefined for what needs no line of its own. */
function describe({ event, state }: Happened, now: number, colors: Colors): string | undefined {
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
      return describeRetry(event, { now, colors, failure: lastFailure(state(), event.task) });
    case 'stop-requested':
      return event.because === 'timed-out' ? `${colors.bold(event.task)} stopping: it took too long` : undefined;
    case 'task-skipped':
      return `${colors.bold(event.task)} ${colors.yellow('skipped')}: '${event.because}' failed`;
    case 'cancel-requested':
      return 'stopping what was started; Ctrl-C again leaves at once, and wherry cancel stops what then still runs';
    default:
      return undefined;
  }
}

type RetryDue = Extract<RunEvent, { event: 'retry-due' }>;

interface Retrying {
  readonly now: number;
  readonly colors: Colors;
  /** Because of which. */
  readonly failure: Failure | undefined;
}

function describeRetry(
  { task, attempt, because, launch, counts, notBefore }: RetryDue,
  { now, colors, failure }: Retrying,
) {
  if (!isReason(because)) return undefined;
  if (!counts) return colors.yellow(`waiting for tasks of this run to end: ${REASONS[because]}`);
  const wait = notBefore > now ? `in ${describeDuration(notBefore - now)}` : 'now';
  const detail = failure === undefined ? '' : `: ${cut(failure.detail)}`;
  return `${colors.bold(task)} ${colors.yellow(`attempt ${attempt}`)} ${wait}, with ${describeLaunch(launch)}: ${REASONS[because]}${detail}`;
}

function lastFailure({ tasks }: RunState, name: string): Failure | undefined {
  return tasks.find((task) => task.name === name)?.attempts.at(-1)?.failure;
}

/** The end of a run, and its status, say all of it. */
function cut(text: string): string {
  return text.length > DETAIL_LENGTH ? `${text.slice(0, DETAIL_LENGTH)}…` : text;
}

function isReason(because: RetryDue['because']): because is keyof typeof REASONS {
  return Object.hasOwn(REASONS, because);
}

function wordFor({ reason }: Failure): string {
  if (reason === 'cancelled') return 'stopped';
  return reason === 'unknown' ? 'may have run: nobody knows' : 'failed';
}
