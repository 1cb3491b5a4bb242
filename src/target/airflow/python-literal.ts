/** A value that Python can write down. */
export type Literal = string | number | boolean | null | readonly Literal[] | { readonly [key: string]: Literal };

const WIDTH = 88;
const INDENT = '    ';

/**
 * Python text of the value, as `ruff format` would lay it out. `before` is what stands on the line already, `after` what
 * follows on the last line.
 */
export function pythonLiteral(value: Literal, before = '', after = ''): string {
  const flat = inline(value);
  if (before.length + columns(flat) + after.length <= WIDTH || !isFilled(value)) return flat;
  const indent = /^ */.exec(before)?.[0] ?? '';
  const inner = indent + INDENT;
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const items = itemsOf(value).map(([key, item]) => {
    const start = key === undefined ? inner : `${inner}${pythonString(key)}: `;
    return `${start}${pythonLiteral(item, start, ',')},`;
  });
  return `${open}\n${items.join('\n')}\n${indent}${close}`;
}

/** `NAME = value`, on as many lines as it needs. */
export function assignment(name: string, value: Literal): string {
  return `${name} = ${pythonLiteral(value, `${name} = `)}`;
}

function isFilled(value: Literal): value is readonly Literal[] | { readonly [key: string]: Literal } {
  return typeof value === 'object' && value !== null && itemsOf(value).length > 0;
}

function itemsOf(value: readonly Literal[] | { readonly [key: string]: Literal }): [string | undefined, Literal][] {
  return Array.isArray(value) ? value.map((item: Literal) => [undefined, item]) : Object.entries(value);
}

function inline(value: Literal): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return pythonString(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return pythonNumber(value);
  }
  const items = itemsOf(value).map(([key, item]) =>
    key === undefined ? inline(item) : `${pythonString(key)}: ${inline(item)}`,
  );
  return Array.isArray(value) ? `[${items.join(', ')}]` : `{${items.join(', ')}}`;
}

function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return 'float("nan")';
  if (!Number.isFinite(value)) return value > 0 ? 'float("inf")' : 'float("-inf")';
  return String(value);
}

const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * A string in the quotes that need fewer escapes, double ones first. What does not print, or turns the direction of
 * writing, is escaped, so that a reviewer sees what is there.
 */
export function pythonString(text: string): string {
  const count = (sign: string) => text.split(sign).length - 1;
  const quote = count('"') > count("'") ? "'" : '"';
  const body = Array.from(text, (sign) => {
    if (sign === quote) return `\\${sign}`;
    return NAMED[sign] ?? (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(sign) ? sign : escaped(sign));
  });
  return quote + body.join('') + quote;
}

function escaped(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, '0');
  if (code < 0x100) return `\\x${hex(2)}`;
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/** Ruff counts wide characters twice. */
function columns(text: string): number {
  return Array.from(text, (sign) =>
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/u.test(sign) ? 2 : 1,
  ).reduce((sum: number, width) => sum + width, 0);
}
