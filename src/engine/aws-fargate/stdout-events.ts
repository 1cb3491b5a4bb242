import type { StepEvent } from '../../model/step-event.ts';
import type { Handle, LogLine } from '../engine.ts';
import { parseStepEvent } from '../parse-step-event.ts';

/** `::wherry::<nonce>::{json}`: how a step reports where there is no spill to report to. */
const MARKED = /^::wherry::([0-9a-f]+)::(\{.*\})\s*$/;

/** The step events that were found between the lines of containers' logs. */
export class StdoutEvents {
  readonly #events = new Map<Handle, Map<string, StepEvent>>();

  /** The lines that are the user's; those marked with the attempt's nonce are kept as events, each once. */
  takeFrom(handle: Handle, lines: readonly LogLine[], nonce: string): LogLine[] {
    return lines.filter(({ text }) => {
      const [, mark, json] = MARKED.exec(text) ?? [];
      const event = mark === nonce && json !== undefined ? parseStepEvent(json) : undefined;
      if (event === undefined || json === undefined) return true;
      const known = this.#events.get(handle) ?? new Map<string, StepEvent>();
      known.set(json, event);
      this.#events.set(handle, known);
      return false;
    });
  }

  of(handle: Handle): readonly StepEvent[] {
    return [...(this.#events.get(handle)?.values() ?? [])];
  }
}
