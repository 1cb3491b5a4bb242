import type { Colors } from 'picocolors/types.js';
import type { Failure, RunEvent } from '../../model/run.ts';
import type { Progress } from '../../run/run-plan.ts';

/** One line for each thing that happens, with the seconds since the start; log lines with their task in front. */
export function progressPrinter(
  write: (text: string) => void,
  now: () => number,
  colors: Colors,
): (progress: Progress) => void {
  const start = now();
  return (progress) => {
    if (progress.kind === 'log') {
      for (const { text } of progress.lines) write(`${colors.dim(`${progress.task} |`)} ${tidy(text)}\n`);
      return;
    }
    const text = describe(progress.event, colors);
    const seconds = ((now() - start) / 1000).toFixed(1).padStart(6);
    if (text !== undefined) write(`${colors.dim(`${seconds}s`)} ${text}\n`);
  };
}

/** Rich, which Kedro logs with, pads lines to the width that it believes the terminal has. */
function tidy(text: string): string {
  return text.trimEnd().replace(/ {20,}/g, '  ');
}

/** Undefined for what needs no line of its own. */
function describe(event: RunEvent, colors: Colors): string | undefined {
  switch (event.event) {
    case 'attempt-started':
      return `${colors.bold(event.task)} starting`;
    case 'attempt-running':
      return `${colors.bold(event.task)} running`;
    case 'attempt-stopped':
      return `${colors.bold(event.task)} ${event.failure === undefined ? colors.green('succeeded') : colors.red(wordFor(event.failure))}`;
    case 'run-resumed':
      return event.again.length === 0 ? undefined : `again: ${event.again.join(', ')}`;
    case 'task-skipped':
      return `${colors.bold(event.task)} ${colors.yellow('skipped')}: '${event.because}' failed`;
    case 'cancel-requested':
      return 'stopping what was started; Ctrl-C again to leave at once';
    default:
      return undefined;
  }
}

function wordFor({ reason }: Failure): string {
  if (reason === 'cancelled') return 'stopped';
  return reason === 'unknown' ? 'may have run: nobody knows' : 'failed';
}
