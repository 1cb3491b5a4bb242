import type { LogLine, LogPage } from '../engine.ts';
import { parseStepEvent } from '../parse-step-event.ts';

/** `::wherry::<nonce>::{json}`: how a step reports where there is no spill to report to. */
const MARKED = /^::wherry::([0-9a-f]+)::(\{.*\})\s*$/;

/** The lines that are the user's; those marked with the attempt's nonce are what its step reported. */
export function siftLines(lines: readonly LogLine[], nonce: string): LogPage {
  const sifted = lines.map((line) => {
    const [, mark, json] = MARKED.exec(line.text) ?? [];
    return mark === nonce && json !== undefined ? (parseStepEvent(json) ?? line) : line;
  });
  return {
    lines: sifted.filter((each) => 'text' in each),
    events: sifted.filter((each) => 'event' in each),
  };
}
