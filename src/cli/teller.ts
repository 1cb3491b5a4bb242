import type { GlobalOptions } from './command.ts';
import type { Host } from './host.ts';
import { colorsFor } from './report-findings.ts';

/** Tells on stderr; each line has a dot before it, so that it is not taken for what is always said. */
export function teller(options: GlobalOptions, host: Host): Host['tell'] {
  const { dim } = colorsFor(options, host);
  return (text) => host.err(`${dim(text.trimEnd().replace(/^/gm, '· '))}\n`);
}
