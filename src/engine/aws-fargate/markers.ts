import { runKey, under } from '../../fargate/step-command.ts';
import type { AttemptEnd } from '../../model/run.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { S3Service } from '../../service/aws/s3.ts';
import { ok, type Result } from '../../util/result.ts';
import type { AttemptSpec } from '../engine.ts';

interface Place {
  readonly s3: S3Service;
  /** Undefined where there are no markers. */
  readonly spill: string | undefined;
  readonly runId: string;
}

/** How an attempt ended that ECS does not know any more: well, if its task is done; else nobody knows. */
export async function endByMarker(
  { task, attempt }: AttemptSpec,
  { s3, spill, runId }: Place,
): Promise<Result<AttemptEnd, ServiceTrouble>> {
  const marker =
    spill === undefined ? ok(undefined) : await s3.get(under(spill, runKey(runId, `tasks/${task}/done.json`)));
  if (!marker.ok) return marker;
  if (marker.value !== undefined) {
    const { finishedAt } = JSON.parse(marker.value) as { finishedAt: string };
    return ok({ exitCode: 0, failure: undefined, times: { stoppedAt: Date.parse(finishedAt) } });
  }
  const detail = `ECS has forgotten attempt ${attempt}, and ${spill === undefined ? 'without a spill location there are no done markers' : 'there is no done marker'}`;
  return ok({ exitCode: undefined, failure: { reason: 'unknown', blame: 'request', detail }, times: {} });
}
