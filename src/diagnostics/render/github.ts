import type { Diagnostic } from '../diagnostic.ts';
import { positionAt } from '../span.ts';

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;

/** Annotations for GitHub Actions (docs.github.com, "Workflow commands", Setting an error message). */
export function renderGithub(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((item) => `${annotation(item)}\n`).join('');
}

function annotation({ code, severity, message, why, help, span }: Diagnostic): string {
  const properties: [string, string | number][] = [];
  if (span !== undefined) {
    const [start, end] = [positionAt(span.file, span.start), positionAt(span.file, span.end)];
    properties.push(['file', span.file.path], ['line', start.line], ['endLine', end.line]);
    // GitHub takes columns only where both are on one line.
    if (start.line === end.line) properties.push(['col', start.column], ['endColumn', end.column]);
  }
  properties.push(['title', code]);
  const shown = properties.map(([name, value]) => `${name}=${escapedProperty(String(value))}`).join(',');
  return `::${COMMANDS[severity]} ${shown}::${escaped([message, why, help].filter(Boolean).join('\n'))}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
