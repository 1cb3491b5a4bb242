import { runKey, under } from '../../fargate/step-command.ts';
import type { StepEvent } from '../../model/step-event.ts';
import { isPassing, type ServiceTrouble } from '../../model/trouble.ts';
import type { S3Service } from '../../service/aws/s3.ts';
import { ok, type Result } from '../../util/result.ts';
import type { AttemptSpec, Handle, LogLine, LogPage } from '../engine.ts';
import { parseStepEvent } from '../parse-step-event.ts';
import { siftLines } from './sift-lines.ts';

interface Place {
  readonly s3: S3Service;
  /** Where steps report; undefined where they report between the lines of their logs. */
  readonly spill: string | undefined;
  readonly runId: string;
  /** For how long after its end the lines of an attempt may still come. */
  readonly lagMs: number;
  readonly now: () => number;
}

/** How long the reports of an attempt that failed are waited for where logs cannot be read. */
const PATIENCE_MS = 10 * 60_000;

type Named = Pick<AttemptSpec, 'task' | 'attempt'>;

/** What the steps of the attempts report. Nothing waits for it but the verdict on an attempt that failed. */
export class StepReports {
  readonly #place: Place;
  readonly #sifted = new Map<Handle, StepEvent[]>();
  readonly #endedAt = new Map<Handle, number>();
  readonly #unread = new Map<Handle, Named>();
  #readUntil = Number.NEGATIVE_INFINITY;

  constructor(place: Place) {
    this.#place = place;
  }

  /** All lines that were there at that instant have been read. */
  readUntil(instant: number): void {
    this.#readUntil = instant;
  }

  /** Takes out of an attempt's lines what its step reports. */
  sift(handle: Handle, lines: readonly LogLine[], nonce: string): LogPage {
    const page = siftLines(lines, nonce);
    if (page.events.length > 0) this.#sifted.set(handle, [...(this.#sifted.get(handle) ?? []), ...page.events]);
    return page;
  }

  /** All of an attempt that failed; undefined while more may come. */
  async ofFailed(handle: Handle, attempt: Named): Promise<readonly StepEvent[] | undefined> {
    const { spill, now, lagMs } = this.#place;
    if (spill !== undefined) {
      const stored = await this.stored(attempt);
      return stored.ok ? stored.value : undefined;
    }
    const endedAt = this.#endedAt.get(handle) ?? now();
    this.#endedAt.set(handle, endedAt);
    if (this.#readUntil - endedAt < lagMs && now() - endedAt < PATIENCE_MS) return undefined;
    const events = this.#sifted.get(handle) ?? [];
    this.forget(handle);
    return events;
  }

  /** It ended, and needs no explanation: what it reported is read with its log. */
  ended(handle: Handle, attempt: Named): void {
    this.forget(handle);
    if (this.#place.spill !== undefined) this.#unread.set(handle, attempt);
  }

  forget(handle: Handle): void {
    this.#sifted.delete(handle);
    this.#endedAt.delete(handle);
  }

  /** Of those among these that ended so, once each. */
  async readEnded(handles: readonly Handle[]): Promise<Map<Handle, readonly StepEvent[]>> {
    const due = handles.flatMap((handle): [Handle, Named][] => {
      const attempt = this.#unread.get(handle);
      this.#unread.delete(handle);
      return attempt === undefined ? [] : [[handle, attempt]];
    });
    const read = new Map<Handle, readonly StepEvent[]>();
    await Promise.all(
      due.map(async ([handle, attempt]) => {
        const stored = await this.stored(attempt);
        if (stored.ok) read.set(handle, stored.value);
        else this.#unread.set(handle, attempt);
      }),
    );
    return read;
  }

  /** What is at the spill now; none where that may not be read. */
  async stored({ task, attempt }: Named): Promise<Result<readonly StepEvent[], ServiceTrouble>> {
    const { s3, spill = '', runId } = this.#place;
    const text = await s3.get(under(spill, runKey(runId, `tasks/${task}/events-${attempt}.jsonl`)));
    if (!text.ok) return isPassing(text.error) ? text : ok([]);
    return ok((text.value ?? '').split('\n').flatMap((line) => parseStepEvent(line) ?? []));
  }
}
