import { CODES, type DiagnosticCode, type Severity } from './codes.ts';
import type { Diagnostic } from './diagnostic.ts';
import { lineText, positionAt, type Span } from './span.ts';

/** What the settings make of a code. */
export type Weight = Severity | 'off';

/**
 * The findings as the user wants them weighed. What is an error stays one: it would break the run whatever anybody wants.
 * A comment `# wherry: ignore CODE REASON` on the line of a finding, or alone on the line above, takes it away.
 */
export function adjust(
  diagnostics: readonly Diagnostic[],
  weights: Readonly<Partial<Record<DiagnosticCode, Weight>>>,
): Diagnostic[] {
  return diagnostics.flatMap((item): Diagnostic[] => {
    if (item.severity === 'error') return [item];
    const weight = weights[item.code] ?? item.severity;
    if (weight === 'off') return [];
    const comment = item.span && ignoreComment(item.span, item.code);
    if (comment === 'with-reason') return [];
    const notes = comment === undefined ? item.notes : [...item.notes, NEEDS_A_REASON];
    return [{ ...item, severity: weight, notes }];
  });
}

/** Codes that the settings may make lighter. */
export function isAdjustable(code: DiagnosticCode): boolean {
  return CODES[code].severity !== 'error';
}

const NEEDS_A_REASON = { message: 'to ignore it, say why after the code: # wherry: ignore CODE REASON' };

function ignoreComment({ file, start }: Span, code: DiagnosticCode): 'with-reason' | 'bare' | undefined {
  const { line } = positionAt(file, start);
  const above = lineText(file, line - 1);
  const candidates = [lineText(file, line), ...(/^\s*#/.test(above) ? [above] : [])];
  for (const text of candidates) {
    const [, found, reason] = /#\s*wherry:\s*ignore\s+(\S+)\s*(.*)$/.exec(text) ?? [];
    if (found === code) return reason === '' ? 'bare' : 'with-reason';
  }
  return undefined;
}
