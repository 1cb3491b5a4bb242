import { PRICES_AS_OF } from '../../fargate/price.ts';
import type { RunState, TaskRecord } from '../../model/run.ts';
import { runDollars, taskDollars } from './cost.ts';

/** Task, nodes, state, attempts, seconds and dollars, and the sum. */
export async function runTable(state: RunState): Promise<string> {
  const rows = state.tasks.map((task) => [
    task.name,
    String(task.nodes.length),
    task.state,
    String(task.attempts.length),
    secondsOf(task),
    money(taskDollars(task, state.prices)),
  ]);
  const total = runDollars(state);
  const sum =
    total === undefined
      ? ''
      : `${money(total)} on demand in ${state.prices?.region} (prices of ${PRICES_AS_OF}, a minute a task at least)\n`;
  return `${await table(['task', 'nodes', 'state', 'attempts', 'seconds', 'dollars'], rows)}${sum}`;
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

export async function runsTable(runs: readonly RunRow[]): Promise<string> {
  const rows = runs.map((run) => [run.runId, run.state, run.pipeline, run.engine, `${run.succeeded}/${run.tasks}`]);
  return table(['run', 'state', 'pipeline', 'engine', 'tasks'], rows);
}

async function table(head: string[], rows: readonly string[][]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const none = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((part) => [part, '']),
  );
  const drawn = new Table({
    head,
    chars: { ...none, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows);
  return `${drawn.toString()}\n`;
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
