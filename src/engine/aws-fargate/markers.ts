import { runKey, under } from '../../fargate/step-command.ts';
import type { AttemptEnd, Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { S3Service } from '../../service/aws/s3.ts';
import { ok, type Result } from '../../util/result.ts';
import type { AttemptSpec } from '../engine.ts';
import { failureOf } from '../step-failure.ts';

interface Place {
  readonly s3: S3Service;
  /** Undefined where there are no markers. */
  readonly spill: string | undefined;
  readonly runId: string;
}

/** What steps put beside the outputs of a task (bridge/PROTOCOL.md, section 2). */
interface Markers {
  readonly done: { readonly finishedAt: string };
  readonly failed: {
    readonly attempt: number;
    readonly claim: string;
    readonly exitCode: number;
    readonly failedAt: string;
  };
  readonly claim: { readonly token: string };
}

/** A step that was asked to stop (bridge/step.py, EXIT_STOPPED). */
const STOPPED = 143;

/**
 * How an attempt ended that ECS does not know any more, by what its step has left: well, if its task is done; badly, if the
 * last container that had the task says so; else nobody knows. `events`: what its step has reported.
 */
export async function endByMarker(
  { task, attempt }: Pick<AttemptSpec, 'task' | 'attempt'>,
  { s3, spill, runId }: Place,
  events: readonly StepEvent[],
): Promise<Result<AttemptEnd, ServiceTrouble>> {
  const forgotten = `ECS has forgotten attempt ${attempt}`;
  if (spill === undefined)
    return ok(unknownEnd(`${forgotten}, and without a spill location there are no done markers`));
  const read = <Name extends keyof Markers>(name: Name) => readMarker(name, task, { s3, spill, runId });
  const done = await read('done');
  if (!done.ok) return done;
  if (done.value !== undefined)
    return ok({ exitCode: 0, failure: undefined, times: { stoppedAt: Date.parse(done.value.finishedAt) } });
  const failed = await read('failed');
  if (!failed.ok) return failed;
  // In this order: whoever has taken the task since then has another claim.
  const claim = await read('claim');
  if (!claim.ok) return claim;
  const isLast = failed.value !== undefined && failed.value.claim === claim.value?.token;
  if (failed.value === undefined || !isLast || failed.value.attempt < attempt)
    return ok(unknownEnd(`${forgotten}, and there is no done marker`));
  const { exitCode, failedAt } = failed.value;
  const detail = `its step ended with exit status ${exitCode}, and ECS has forgotten the rest`;
  const failure: Failure | undefined =
    exitCode === STOPPED
      ? { reason: 'cancelled', blame: 'request', detail }
      : failureOf(exitCode, failed.value.attempt === attempt ? events : [], detail);
  return ok({ exitCode, failure, times: { stoppedAt: Date.parse(failedAt) } });
}

type MarkedPlace = Place & { readonly spill: string };

/** By it a task is done, whatever became of the container that wrote it. Undefined where there is none. */
export function doneMarker(task: string, place: MarkedPlace) {
  return readMarker('done', task, place);
}

async function readMarker<Name extends keyof Markers>(name: Name, task: string, { s3, spill, runId }: MarkedPlace) {
  const text = await s3.get(under(spill, runKey(runId, `tasks/${task}/${name}.json`)));
  return text.ok ? ok(text.value === undefined ? undefined : (JSON.parse(text.value) as Markers[Name])) : text;
}

function unknownEnd(detail: string): AttemptEnd {
  return { exitCode: undefined, failure: { reason: 'unknown', blame: 'request', detail }, times: {} };
}
