import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import { renderGithub } from '../diagnostics/render/github.ts';
import { renderJson } from '../diagnostics/render/json.ts';
import { renderPretty } from '../diagnostics/render/pretty.ts';
import { renderSarif } from '../diagnostics/render/sarif.ts';
import { count } from '../util/count.ts';
import { answer } from './answer.ts';
import { type CommandInput, EXIT, UsageError, VERSION } from './command.ts';
import type { Host } from './host.ts';
import type { PrepareOptions } from './prepare.ts';
import { colorsFor } from './report-findings.ts';

interface CheckOptions extends PrepareOptions {
  readonly denyWarnings?: boolean;
  readonly explain?: string;
}

export async function check({ options, host }: CommandInput<CheckOptions>): Promise<number> {
  if (options.explain !== undefined) return explain(options.explain, host);
  const { denyWarnings, explain: _, ...asked } = options;
  const found = await answer(asked, host);
  const { diagnostics } = found.ready ? found.prepared : found;
  const forms = {
    json: () => `${JSON.stringify(renderJson(diagnostics), undefined, 2)}\n`,
    sarif: () => `${JSON.stringify(renderSarif(diagnostics, VERSION), undefined, 2)}\n`,
    github: () => renderGithub(diagnostics),
    pretty: () => pretty(diagnostics, options, host),
  };
  host.out(forms[(options.format ?? 'pretty') as keyof typeof forms]());
  const isDenied = denyWarnings && diagnostics.some(({ severity }) => severity === 'warning');
  return isDenied || hasErrors(diagnostics) ? EXIT.problems : EXIT.fine;
}

function pretty(diagnostics: readonly Diagnostic[], options: CheckOptions, host: Host): string {
  const { errors, warnings, notes } = renderJson(diagnostics).summary;
  const findings = diagnostics.length > 0 ? `${renderPretty(diagnostics, colorsFor(options, host))}\n` : '';
  return `${findings}${count(errors, 'error')}, ${count(warnings, 'warning')}, ${count(notes, 'note')}\n`;
}

/** The section of the guide on one code. */
async function explain(code: string, { out, packageRoot }: Host): Promise<number> {
  const guide = await readFile(join(packageRoot, 'docs', 'diagnostics.md'), 'utf8');
  const sections = new Map(guide.split(/^## /m).map((text) => [text.split('\n', 1)[0] ?? '', text]));
  const section = code.includes('/') ? sections.get(code) : undefined;
  if (section === undefined) {
    const codes = [...sections.keys()].filter((name) => name.includes('/') && !name.includes(' '));
    throw new UsageError(`there is no code '${code}'. Codes: ${codes.join(', ')}`);
  }
  out(`${section.trim()}\n`);
  return EXIT.fine;
}
