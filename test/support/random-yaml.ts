import fc from 'fast-check';

const WORDS =
  `yes no Yes YES yEs on Off y n true TRUE tRue ~ null NULL nULL 0 -0 +1 007 08 0o17 0x1F 0b101 -0b1 1_000 1__0 _1 1_
  12:30 12:30:45 -1:30 1:60 190:20:30.15 1e3 1E+3 1.5e-3 .5 -.5 .5e3 .5e+3 1. 1.2.3 .inf -.INF .nan -.nan inf nan 0:30 01:30
  2026-01-01 2026-1-1 20260101 12345678901234567890 123456789012 0xFFFFFFFFFFFFFFFFFF 1e400 0.1 -0.0 685.230_15e+03 1_e3
  s3://b/k.csv data/01_raw/x.csv \${globals:root}/x "yes" '1' "\\u00e9\\x41\\n" 'it''s' "" '' 日本 é 😀 a#b a:b x@y None`
    .split(/\s+/)
    .filter(Boolean);

/** Every form of number, and much that only looks like one. */
const numberLike = fc
  .string({ unit: fc.constantFrom(...'0123456789+-._:eExobnfaNI'), minLength: 1, maxLength: 7 })
  .filter((text) => !/^[-:?]|:$|^[+-]?[.]$|^\.\.\.$/.test(text) || /^-[.\d]/.test(text));

const quoted = fc
  .string({ unit: fc.constantFrom(...'abc \t:#-{}[],&*!|>%@`é日😀'), maxLength: 10 })
  .map((text) => JSON.stringify(text));

const scalar = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 4, arbitrary: numberLike },
  { weight: 1, arbitrary: quoted },
);

/** Python takes `True` and `1` for one key, `False` and `0` too; and `~` is here what an empty text is. */
const key = fc
  .oneof(fc.constantFrom('<<', 'k1', 'k2', 'k3', '"<<"', '7', '~'), scalar)
  .filter((text) => !/^(yes|no|on|off|true|false|''|"")$/i.test(text));

type Tree =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'lines'; readonly style: string; readonly lines: readonly string[] }
  | { readonly kind: 'alias'; readonly name: string }
  | {
      readonly kind: 'map';
      readonly anchor: string | undefined;
      readonly flow: boolean;
      readonly entries: [string, Tree][];
    }
  | { readonly kind: 'list'; readonly anchor: string | undefined; readonly flow: boolean; readonly items: Tree[] };

const name = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
const anchor = fc.option(name, { nil: undefined });
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant('scalar' as const), text: scalar }),
    fc.record({
      kind: fc.constant('lines' as const),
      style: fc.constantFrom('|', '|-', '|+', '>', '>-'),
      lines: fc.array(fc.constantFrom('one', 'two words', '', '  more', '# no comment', 'a: b'), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
    fc.record({ kind: fc.constant('alias' as const), name }),
    fc.record({
      kind: fc.constant('map' as const),
      anchor,
      flow: fc.boolean(),
      entries: fc.array(fc.tuple(key, tie('tree')), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('list' as const),
      anchor,
      flow: fc.boolean(),
      items: fc.array(tie('tree'), { maxLength: 4 }),
    }),
  ),
}));

/** A document of maps, lists, anchors, merge keys and scalars of every spelling, in block or flow style. */
export const yamlText: fc.Arbitrary<string> = fc
  .record({
    entries: fc.array(fc.tuple(key, tree), { minLength: 1, maxLength: 5 }),
    indent: fc.integer({ min: 1, max: 4 }),
    lineBreak: fc.constantFrom('\n', '\n', '\r\n'),
    comment: fc.boolean(),
  })
  .map(({ entries, indent, lineBreak, comment }) => {
    const writer = { anchors: new Map<string, 'map' | 'list'>(), indent };
    const text = block({ kind: 'map', anchor: undefined, flow: false, entries }, writer, 0).join('\n');
    return `${comment ? '# about\n' : ''}${text}\n`.replaceAll('\n', lineBreak);
  });

interface Writer {
  /** What stands under each anchor so far. */
  readonly anchors: Map<string, 'map' | 'list'>;
  readonly indent: number;
}

/** Lines of a value that begins on a line of its own. */
function block(tree: Tree, writer: Writer, depth: number): string[] {
  if (tree.kind === 'map' && !tree.flow && tree.entries.length > 0)
    return tree.entries.flatMap(([key, value]) =>
      after(`${' '.repeat(depth)}${key}:`, mergeable(key, value, writer), writer, depth),
    );
  if (tree.kind === 'list' && !tree.flow && tree.items.length > 0)
    return tree.items.flatMap((item) => after(`${' '.repeat(depth)}-`, item, writer, depth));
  return [`${' '.repeat(depth)}${flow(tree, writer)}`];
}

/** `head` (a key, or a dash) with its value on the same line where it fits there, else below. */
function after(head: string, value: Tree, writer: Writer, depth: number): string[] {
  const inner = depth + writer.indent;
  if (value.kind === 'lines')
    return [`${head} ${value.style}`, ...value.lines.map((line) => (line === '' ? '' : `${' '.repeat(inner)}${line}`))];
  const isBelow =
    (value.kind === 'map' && !value.flow && value.entries.length > 0) ||
    (value.kind === 'list' && !value.flow && value.items.length > 0);
  if (!isBelow) return [`${head} ${flow(value, writer)}`];
  const anchored = value.anchor === undefined ? head : `${head} &${value.anchor}`;
  const lines = block(value, writer, inner);
  if (value.anchor !== undefined) writer.anchors.set(value.anchor, value.kind);
  return [anchored, ...lines];
}

function flow(tree: Tree, writer: Writer): string {
  switch (tree.kind) {
    case 'scalar':
      return tree.text;
    case 'lines':
      return JSON.stringify(tree.lines.join(' '));
    case 'alias':
      return writer.anchors.has(tree.name) ? `*${tree.name}` : 'none';
    default: {
      const inside =
        tree.kind === 'map'
          ? `{${tree.entries.map(([key, value]) => `${key} : ${flow(mergeable(key, value, writer), writer)} `).join(', ')}}`
          : `[${tree.items.map((item) => `${flow(item, writer)} `).join(', ')}]`;
      if (tree.anchor !== undefined) writer.anchors.set(tree.anchor, tree.kind);
      return tree.anchor === undefined ? inside : `&${tree.anchor} ${inside}`;
    }
  }
}

/** What a merge key takes: an alias of a map, or several. */
function mergeable(key: string, value: Tree, { anchors }: Writer): Tree {
  if (key !== '<<') return value;
  const maps = [...anchors].filter(([, kind]) => kind === 'map').map(([name]): Tree => ({ kind: 'alias', name }));
  const [first] = maps;
  if (first === undefined) return { kind: 'map', anchor: undefined, flow: true, entries: [] };
  return maps.length === 1 ? first : { kind: 'list', anchor: undefined, flow: true, items: maps };
}
