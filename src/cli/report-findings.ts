import picocolors from 'picocolors';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import { renderPretty } from '../diagnostics/render/pretty.ts';
import type { GlobalOptions } from './command.ts';
import type { Host } from './host.ts';

/** Prints findings on stderr; true when there is an error among them. */
export function reportFindings(diagnostics: readonly Diagnostic[], options: GlobalOptions, host: Host): boolean {
  if (diagnostics.length > 0) host.err(`${renderPretty(diagnostics, colorsFor(options, host))}\n`);
  return hasErrors(diagnostics);
}

export function colorsFor({ color }: GlobalOptions, { hasColors }: Host) {
  return picocolors.createColors(color && hasColors);
}
