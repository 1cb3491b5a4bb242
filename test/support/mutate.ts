import fc from 'fast-check';

/** One change of a text: how, where and with what, as numbers that fit a text of any length. */
export type Change = readonly [how: number, at: number, pick: number];

export const changes: fc.Arbitrary<Change[]> = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), {
  minLength: 1,
  maxLength: 3,
});

const SIGNS = [...'\t:-?#&*!|>\'"%@`[]{},\\ \n\r\u0000\u0007\uFEFF\uFFFD\u2028é😀'];
const VALUES = [
  ...['~', '[]', '{}', '[[[[]]]]', '&a [*a]', '*b', '!!python/tuple []', '!x y', '1e999', '-.inf', '.nan', '0x', 'yes'],
  ...['${oc.env:NOPE}', '${oc.env:A,${oc.env:B}}', '${globals:x}', '${', '{{ x }}', '{% if x %}', '<<', '"', "'"],
  ...['"\\uD800"', '__proto__', 'constructor', '""', '9007199254740993', '-1', '0', 's3://', 's3:///x', '/', '..'],
  ...['2026-01-01', '|\n  a\n b', '>+', 'a'.repeat(5000), '[1, {a: [b]}]'],
];
const KEYS = ['__proto__', 'constructor', 'toString', '<<', '~', '1', 'yes', '[a]', '""', '? a', '- a'];

const one = <T>(list: readonly T[], pick: number): T => list[pick % list.length] as T;

/** Each makes another line, or none, or more, of the line that it is given. */
const ON_LINE: readonly ((line: string, pick: number, lines: readonly string[]) => string[])[] = [
  () => [],
  (line) => [line, line],
  (line, pick, lines) => [one(lines, pick), line],
  (line, pick) => [' '.repeat((pick % 5) + 1) + line],
  (line) => [line.replace(/^ +/, '')],
  (line) => [line.replace(/^ +/, '\t')],
  (line) => [line.replace(':', '')],
  (line) => [line.replace(/['"]/, '')],
  (line) => [line.replace(/: (.*)$/, ': "$1')],
  (line, pick) => [line.replace(/(:|-)( .*)?$/, (_, sign: string) => `${sign} ${one(VALUES, pick)}`)],
  (line, pick) => [line.replace(/[\w"'{}.]+:/, () => `${one(KEYS, pick)}:`)],
  (line, pick) => [line, line.replace(/\S.*/, () => `${one(KEYS, pick)}: ${one(VALUES, pick >> 8)}`)],
  (line, pick) => [line.slice(0, pick % (line.length + 1))],
  (line, pick) => {
    const at = pick % (line.length + 1);
    return [line.slice(0, at) + one(SIGNS, pick >> 8) + line.slice(at)];
  },
  (line, pick) => {
    const at = pick % (line.length + 1);
    return [line.slice(0, at) + line.slice(at + 1 + (pick % 4))];
  },
];

const ON_TEXT: readonly ((text: string, at: number) => string)[] = [
  (text, at) => text.slice(0, at),
  (text, at) => text.slice(at),
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => text.replaceAll('\n', '\r'),
  (text) => `\uFEFF${text}`,
  (text) => text + text,
  (text) => `${text}---\n${text}`,
  (text, at) => text.slice(0, at) + text.slice(at).split('').reverse().join(''),
];

/** The text after the changes; on a few words it does the same, whatever the seed of `changes` is. */
export function mutate(text: string, list: readonly Change[]): string {
  return list.reduce((before, [how, at, pick]) => {
    if (how % 5 === 0) return one(ON_TEXT, pick)(before, at % (before.length + 1));
    const lines = before.split('\n');
    const index = at % lines.length;
    return lines.toSpliced(index, 1, ...one(ON_LINE, how)(lines[index] ?? '', pick, lines)).join('\n');
  }, text);
}
