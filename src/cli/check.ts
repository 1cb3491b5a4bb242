import { hasErrors } from '../diagnostics/diagnostic.ts';
import { renderJson } from '../diagnostics/render/json.ts';
import { renderPretty } from '../diagnostics/render/pretty.ts';
import { type CommandInput, EXIT } from './command.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import { colorsFor } from './report-findings.ts';

export async function check({ options, host }: CommandInput<PrepareOptions>): Promise<number> {
  const preparation = await prepare(options, host);
  const diagnostics = preparation.ready ? preparation.prepared.diagnostics : preparation.diagnostics;
  const report = renderJson(diagnostics);
  if (options.format === 'json') host.out(`${JSON.stringify(report, undefined, 2)}\n`);
  else {
    const { errors, warnings, notes } = report.summary;
    if (diagnostics.length > 0) host.out(`${renderPretty(diagnostics, colorsFor(options, host))}\n`);
    host.out(`${count(errors, 'error')}, ${count(warnings, 'warning')}, ${count(notes, 'note')}\n`);
  }
  return hasErrors(diagnostics) ? EXIT.problems : EXIT.fine;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
