import type { RunState } from '../../model/run.ts';
import type { GlobalOptions } from '../command.ts';

/** What can be done about a run that nobody drives and that has not come to its end; its failed tasks say theirs. */
export function describeNext({ runId, state }: RunState, { project }: GlobalOptions): string[] {
  const run = `${project === undefined ? '' : ` -C ${project}`} ${runId}`;
  switch (state) {
    case 'interrupted':
      return [
        'no process drives it: what is shown as under way may have ended since, or still run and cost',
        `next: wherry resume${run} goes on with it, wherry cancel${run} stops what still runs`,
      ];
    case 'cancelled':
      return [`next: wherry resume${run} goes on with it`];
    default:
      return [];
  }
}
