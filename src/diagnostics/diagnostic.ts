import { compareText } from '../util/stable-json.ts';
import { CODES, type DiagnosticCode, type Severity } from './codes.ts';
import type { Span } from './span.ts';

/** A finding about project, config or plan before anything runs: what, why it matters, what to do. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** What is wrong: one sentence with the wrong value in it, no full stop. */
  readonly message: string;
  readonly why?: string | undefined;
  /** What to do. May have several lines: text, then lines to copy. */
  readonly help?: string | undefined;
  /** Where; absent when it concerns the whole project. */
  readonly span?: Span | undefined;
  readonly notes: readonly Note[];
}

/** A second place involved, such as the reader of a dataset. */
export interface Note {
  readonly message: string;
  readonly span?: Span | undefined;
}

export interface DiagnosticDetails {
  readonly message: string;
  readonly why?: string | undefined;
  readonly help?: string | undefined;
  readonly span?: Span | undefined;
  readonly notes?: readonly Note[] | undefined;
  /** For the few codes whose weight depends on the settings; else the table's. */
  readonly severity?: Severity | undefined;
}

export function diagnostic(code: DiagnosticCode, details: DiagnosticDetails): Diagnostic {
  return { ...details, code, severity: details.severity ?? CODES[code].severity, notes: details.notes ?? [] };
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** By file, place, code, message; those without a place first. Exact repeats are dropped. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const sorted = diagnostics.toSorted(
    (a, b) =>
      compareText(a.span?.file.path ?? '', b.span?.file.path ?? '') ||
      (a.span?.start ?? 0) - (b.span?.start ?? 0) ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
  return sorted.filter((item, index) => {
    const previous = sorted[index - 1];
    return previous === undefined || previous.message !== item.message || previous.code !== item.code;
  });
}
