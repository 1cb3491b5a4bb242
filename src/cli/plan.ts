import { answer } from './answer.ts';
import { type CommandInput, EXIT } from './command.ts';
import type { PrepareOptions } from './prepare.ts';
import { renderMermaid } from './present/plan-mermaid.ts';
import { renderPlan } from './present/plan-text.ts';
import { colorsFor, reportFindings, seriousOf } from './report-findings.ts';

export async function plan({ options, host }: CommandInput<PrepareOptions>): Promise<number> {
  const preparation = await answer(options, host);
  if (!preparation.ready) {
    reportFindings(seriousOf(preparation), options, host);
    return EXIT.problems;
  }
  const { plan, spill } = preparation.prepared;
  const forms = {
    json: () => `${JSON.stringify(plan, undefined, 2)}\n`,
    mermaid: () => renderMermaid(plan),
    text: () => renderPlan(plan, spill, colorsFor(options, host)),
  };
  host.out(forms[(options.format ?? 'text') as keyof typeof forms]());
  return reportFindings(seriousOf(preparation), options, host) ? EXIT.problems : EXIT.fine;
}
