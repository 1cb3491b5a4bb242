import picocolors from 'picocolors';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import { renderPretty } from '../diagnostics/render/pretty.ts';
import type { Answer } from './answer.ts';
import type { GlobalOptions } from './command.ts';
import type { Host } from './host.ts';

/** Prints findings on stderr; true when there is an error among them. */
export function reportFindings(diagnostics: readonly Diagnostic[], options: GlobalOptions, host: Host): boolean {
  if (diagnostics.length > 0) host.err(`${renderPretty(diagnostics, colorsFor(options, host))}\n`);
  return hasErrors(diagnostics);
}

/** What is not a mere note: `check` tells those, and a plan says by itself what is spilled and how large a task is. */
export function seriousOf(preparation: Answer): Diagnostic[] {
  const diagnostics = preparation.ready ? preparation.prepared.diagnostics : preparation.diagnostics;
  return diagnostics.filter(({ severity }) => severity !== 'note');
}

export function colorsFor({ color }: GlobalOptions, { hasColors }: Host) {
  return picocolors.createColors(color && hasColors);
}
