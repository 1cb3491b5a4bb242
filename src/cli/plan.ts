import { type CommandInput, EXIT } from './command.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import { renderPlan } from './present/plan-text.ts';
import { colorsFor, reportFindings } from './report-findings.ts';

export async function plan({ options, host }: CommandInput<PrepareOptions>): Promise<number> {
  const preparation = await prepare(options, host);
  if (!preparation.ready) {
    reportFindings(preparation.diagnostics, options, host);
    return EXIT.problems;
  }
  const { plan, spill, diagnostics } = preparation.prepared;
  const json = () => `${JSON.stringify(plan, undefined, 2)}\n`;
  host.out(options.format === 'json' ? json() : renderPlan(plan, spill, colorsFor(options, host)));
  // Notes repeat what the plan itself says; what stands in the way of a run is said here as well.
  const serious = diagnostics.filter(({ severity }) => severity !== 'note');
  return reportFindings(serious, options, host) ? EXIT.problems : EXIT.fine;
}
