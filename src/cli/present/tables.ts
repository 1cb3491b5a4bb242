import { table as draw } from 'table';
import { PRICES_AS_OF } from '../../fargate/price.ts';
import type { RunState, TaskRecord } from '../../model/run.ts';
import { runDollars, taskDollars } from './cost.ts';

/** Task, nodes, state, attempts, seconds and dollars, and the sum. */
export function runTable(state: RunState): string {
  const rows = state.tasks.map((task) => [
    task.name,
    String(task.nodes.length),
    stateOf(task),
    String(task.attempts.length),
    secondsOf(task),
    money(taskDollars(task, state.prices)),
  ]);
  const total = runDollars(state);
  const sum =
    total === undefined
      ? ''
      : `${money(total)} on demand in ${state.prices?.region} (prices of ${PRICES_AS_OF}, a minute a task at least)\n`;
  return `${table(['task', 'nodes', 'state', 'attempts', 'seconds', 'dollars'], rows)}${sum}`;
}

function stateOf({ state, retry }: TaskRecord): string {
  if (state !== 'retrying' || retry === undefined) return state;
  return `retrying at ${new Date(retry.notBefore).toISOString().slice(11, 19)}Z: ${retry.because.replace('-', ' ')}`;
}

export interface RunRow {
  readonly runId: string;
  readonly state: string;
  readonly pipeline: string;
  readonly engine: string;
  readonly startedAt: string | null;
  readonly tasks: number;
  readonly succeeded: number;
}

export function runsTable(runs: readonly RunRow[]): string {
  const rows = runs.map((run) => [run.runId, run.state, run.pipeline, run.engine, `${run.succeeded}/${run.tasks}`]);
  return table(['run', 'state', 'pipeline', 'engine', 'tasks'], rows);
}

/** Columns as wide as the widest of their cells. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // Of the kept libraries for tables one whose time grows with the rows, not with their square.
  const drawn = draw([head, ...rows] as unknown[][], {
    border: { bodyJoin: '  ' },
    columnDefault: { paddingLeft: 0, paddingRight: 0 },
    drawHorizontalLine: () => false,
    drawVerticalLine: (index, columns) => index > 0 && index < columns,
  });
  return drawn.replace(/ +$/gm, '');
}

/** From the start of the container to its end, over all attempts. */
function secondsOf({ attempts }: TaskRecord): string {
  const spans = attempts.flatMap(({ startedAt, stoppedAt }) =>
    startedAt === undefined || stoppedAt === undefined ? [] : stoppedAt - startedAt,
  );
  return spans.length === 0 ? '-' : (spans.reduce((sum, ms) => sum + ms, 0) / 1000).toFixed(1);
}

function money(dollars: number | undefined): string {
  return dollars === undefined ? '-' : `$${dollars.toFixed(5)}`;
}
