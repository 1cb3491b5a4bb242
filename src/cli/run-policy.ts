import type { ConfigValues } from '../config/schema.ts';
import { usesSpot } from '../fargate/capacity.ts';
import type { RunPolicy } from '../model/run.ts';

/** What the settings say about trying again. */
export function runPolicy(
  { retries, timeout, execution_engine }: ConfigValues,
  engine: 'local' | 'aws-fargate',
): RunPolicy {
  return { retries, timeoutMs: timeout * 1000, spot: engine === 'aws-fargate' && usesSpot(execution_engine) };
}
