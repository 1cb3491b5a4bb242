import { PRICES_AS_OF } from '../../fargate/price.ts';
import type { Plan } from '../../model/plan.ts';
import type { RunState } from '../../model/run.ts';
import { runDollars } from './cost.ts';

/** The shape of `run` and `status` with `--format json`. Instants are ISO 8601. */
export function runJson(state: RunState, plan: Plan) {
  const cost = runDollars(state, plan);
  return {
    version: 1,
    runId: state.runId,
    planHash: state.planHash,
    pipeline: state.pipeline,
    engine: state.engine,
    state: state.state,
    startedAt: state.startedAt ?? null,
    stoppedAt: state.stoppedAt ?? null,
    tasks: state.tasks.map(({ name, state, attempts, nodes, skippedBecause }) => ({
      name,
      state,
      ...(skippedBecause === undefined ? {} : { skippedBecause }),
      attempts: attempts.map(({ attempt, handle, state, exitCode, failure, createdAt, startedAt, stoppedAt }) => ({
        attempt,
        handle: handle ?? null,
        state,
        exitCode: exitCode ?? null,
        ...(failure === undefined ? {} : { failure }),
        createdAt: instant(createdAt),
        startedAt: instant(startedAt),
        stoppedAt: instant(stoppedAt),
      })),
      nodes: nodes.map(({ name, state, seconds }) => ({ name, state, seconds: seconds ?? null })),
    })),
    ...(cost === undefined ? {} : { cost: { dollars: cost, region: state.prices?.region, pricesAsOf: PRICES_AS_OF } }),
  };
}

function instant(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
