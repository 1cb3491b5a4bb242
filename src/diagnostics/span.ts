/** A text that was read. `path` is what the user sees: relative to the project where it lies in it. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A half-open range of offsets (UTF-16 code units) in one file. Line and column are derived, never stored. */
export interface Span {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** A value together with the place where it was written. */
export interface Located<T> {
  readonly value: T;
  readonly span: Span | undefined;
}

/** Line and column, both 1-based; columns count Unicode code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** No editor counts it. */
const BYTE_ORDER_MARK = /^\uFEFF/;

const lineStartsOf = new WeakMap<SourceFile, readonly number[]>();

export function positionAt(file: SourceFile, offset: number): Position {
  const starts = lineStarts(file);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  const before = file.text.slice(starts[low], offset).replace(BYTE_ORDER_MARK, '');
  return { line: low + 1, column: [...before].length + 1 };
}

/** The text of a 1-based line, without its line break. */
export function lineText(file: SourceFile, line: number): string {
  const starts = lineStarts(file);
  const text = file.text.slice(starts[line - 1] ?? file.text.length, starts[line] ?? file.text.length);
  return text.replace(/\r?\n$|\r$/, '').replace(BYTE_ORDER_MARK, '');
}

/** The span of a whole 1-based line, without its indentation. */
export function spanOfLine(file: SourceFile, line: number): Span {
  const text = lineText(file, line);
  const start = (lineStarts(file)[line - 1] ?? file.text.length) + (text.length - text.trimStart().length);
  return { file, start, end: start + Math.max(text.trim().length, 1) };
}

function lineStarts(file: SourceFile): readonly number[] {
  const known = lineStartsOf.get(file);
  if (known !== undefined) return known;
  const starts = [0];
  for (const { index, 0: found } of file.text.matchAll(/\r\n?|\n/g)) starts.push(index + found.length);
  lineStartsOf.set(file, starts);
  return starts;
}
