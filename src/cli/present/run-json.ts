import { PRICES_AS_OF } from '../../fargate/price.ts';
import type { RunState } from '../../model/run.ts';
import { runDollars } from './cost.ts';

/** The shape of `run` and `status` with `--format json`. Instants are ISO 8601. */
export function runJson(state: RunState) {
  const cost = runDollars(state);
  return {
    version: 1,
    runId: state.runId,
    planHash: state.planHash,
    pipeline: state.pipeline,
    engine: state.engine,
    state: state.state,
    startedAt: state.startedAt ?? null,
    stoppedAt: state.stoppedAt ?? null,
    tasks: state.tasks.map(({ name, state, attempts, nodes, retry, skippedBecause }) => ({
      name,
      state,
      ...(skippedBecause === undefined ? {} : { skippedBecause }),
      ...(retry === undefined
        ? {}
        : { retry: { attempt: retry.attempt, notBefore: instant(retry.notBefore), because: retry.because } }),
      attempts: attempts.map(
        ({ attempt, handle, state, launch, exitCode, failure, createdAt, startedAt, stoppedAt }) => ({
          attempt,
          handle: handle ?? null,
          state,
          ...launch,
          exitCode: exitCode ?? null,
          ...(failure === undefined ? {} : { failure }),
          createdAt: instant(createdAt),
          startedAt: instant(startedAt),
          stoppedAt: instant(stoppedAt),
        }),
      ),
      nodes: nodes.map(({ name, state, seconds }) => ({ name, state, seconds: seconds ?? null })),
    })),
    ...(cost === undefined ? {} : { cost: { dollars: cost, region: state.prices?.region, pricesAsOf: PRICES_AS_OF } }),
  };
}

function instant(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
