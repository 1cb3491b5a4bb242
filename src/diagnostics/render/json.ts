import type { Diagnostic } from '../diagnostic.ts';
import { positionAt, type Span } from '../span.ts';

/** The shape of `check --format json`: positions 1-based, end-exclusive, columns in Unicode code points. */
export function renderJson(diagnostics: readonly Diagnostic[]) {
  const count = (severity: string) => diagnostics.filter((item) => item.severity === severity).length;
  return {
    version: 1,
    diagnostics: diagnostics.map(({ code, severity, message, why, help, span, notes }) => ({
      code,
      severity,
      message,
      why: why ?? null,
      help: help ?? null,
      ...placed(span),
      notes: notes.map((note) => ({ message: note.message, ...placed(note.span) })),
    })),
    summary: { errors: count('error'), warnings: count('warning'), notes: count('note') },
  };
}

function placed(span: Span | undefined) {
  if (span === undefined) return { file: null, range: null };
  return {
    file: span.file.path,
    range: { start: positionAt(span.file, span.start), end: positionAt(span.file, span.end) },
  };
}
