import type { StepEvent } from '../model/step-event.ts';

/** One line of a step's events; undefined for a line that is none, such as one that was cut off. */
export function parseStepEvent(line: string): StepEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<StepEvent> | null;
    return typeof event?.event === 'string' ? (event as StepEvent) : undefined;
  } catch {
    return undefined;
  }
}
