import type { Colors } from 'picocolors/types.js';
import { coverSecrets } from '../../util/secret.ts';
import type { Severity } from '../codes.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { lineText, positionAt, type Span } from '../span.ts';

/** As a compiler prints it: place and message, the line with a caret under the value, why, what to do, second places. */
export function renderPretty(diagnostics: readonly Diagnostic[], colors: Colors): string {
  return diagnostics.map((item) => renderOne(item, colors)).join('\n');
}

function renderOne({ code, severity, message, why, help, span, notes }: Diagnostic, colors: Colors): string {
  const heading = `${span ? `${colors.bold(placeOf(span))} ` : ''}${paint(severity, colors)(severity)} ${message} ${colors.dim(`[${code}]`)}`;
  const lines = [heading];
  if (span !== undefined) lines.push(...frame(span, paint(severity, colors), colors));
  if (why !== undefined) lines.push(labelled('why', why, colors));
  if (help !== undefined) lines.push(labelled('help', help, colors));
  for (const note of notes)
    lines.push(labelled('note', note.span ? `${note.message} (${placeOf(note.span)})` : note.message, colors));
  return `${lines.join('\n')}\n`;
}

/** `file:line:column`, which terminals make clickable. */
function placeOf({ file, start }: Span): string {
  const { line, column } = positionAt(file, start);
  return `${file.path}:${line}:${column}`;
}

function frame({ file, start, end }: Span, mark: (text: string) => string, colors: Colors): string[] {
  const { line, column } = positionAt(file, start);
  const text = lineText(file, line);
  const last = positionAt(file, end);
  const width = last.line === line ? last.column - column : [...text].length - column + 1;
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  // A tab before the caret stays a tab, so that the two lines agree whatever its width.
  const indent = [...text]
    .slice(0, column - 1)
    .map((letter) => (letter === '\t' ? '\t' : ' '))
    .join('');
  return [
    colors.dim(`${gutter} |`),
    `${colors.dim(`${number} |`)} ${coverSecrets(text)}`,
    `${colors.dim(`${gutter} |`)} ${indent}${mark('^'.repeat(Math.max(width, 1)))}`,
  ];
}

function labelled(label: string, text: string, colors: Colors): string {
  const [first, ...rest] = text.split('\n');
  return [`  ${colors.dim(`= ${label}:`)} ${first}`, ...rest.map((line) => `    ${line}`)].join('\n');
}

function paint(severity: Severity, colors: Colors): (text: string) => string {
  return { error: colors.red, warning: colors.yellow, note: colors.cyan }[severity];
}
