import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  type Tags,
  type YAMLMap,
} from 'yaml';

/** A key path inside a document: map keys and list indexes. */
export type KeyPath = readonly (string | number)[];

/** Offsets into the text, half-open. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A YAML 1.1 text, as PyYAML (and so Kedro) reads it, with the place of every key and value. */
export interface YamlDocument {
  /** Plain data, as far as errors let it be read; undefined for an empty text. */
  readonly value: unknown;
  readonly errors: readonly ({ readonly message: string } & TextRange)[];
  has(path: KeyPath): boolean;
  /** The place of the value at `path`, or of its key; undefined when there is none. */
  range(path: KeyPath, part?: 'value' | 'key'): TextRange | undefined;
}

export function readYaml(text: string): YamlDocument {
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    keepSourceTokens: false,
    uniqueKeys: true,
    customTags: scalarsOfSettings,
    lineCounter: new LineCounter(),
    prettyErrors: false,
  });
  const errors = document.errors.map(({ message, pos: [start, end] }) => ({ message, start, end }));
  const value = plainValue(document, errors);
  return {
    value,
    errors,
    has: (path) => nodeAt(document, path) !== undefined,
    range: (path, part = 'value') => rangeOf(part === 'key' ? keyAt(document, path) : nodeAt(document, path)),
  };
}

/** Aliases are followed only here: one to nothing, or to far too much, is a mistake in the text as any other. */
function plainValue(document: Document, errors: ({ message: string } & TextRange)[]): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    errors.push({ message: (error as Error).message, start: 0, end: 1 });
    return undefined;
  }
}

const PYYAML_TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const PYYAML_FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;

/**
 * YAML 1.1 also takes `y` and `n` for booleans; PyYAML does not (yaml/resolver.py). A date stays the text that was
 * written: every use of one here hands it on as text.
 */
function scalarsOfSettings(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    const name = typeof tag === 'string' ? tag : tag.tag;
    if (name === 'timestamp' || name === 'tag:yaml.org,2002:timestamp') return [];
    if (typeof tag === 'string' || name !== 'tag:yaml.org,2002:bool' || tag.collection !== undefined) return tag;
    return { ...tag, test: tag.test?.test('yes') ? PYYAML_TRUE : PYYAML_FALSE };
  });
}

function nodeAt(document: Document, path: KeyPath): Node | undefined {
  let node: Node | undefined = (document.contents as Node | null) ?? undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) node = pairIn(document, node, key)?.value as Node | undefined;
    else if (isSeq(node)) node = node.items[Number(key)] as Node | undefined;
    else return undefined;
  }
  return node ?? undefined;
}

function keyAt(document: Document, path: KeyPath): Node | undefined {
  const parent = nodeAt(document, path.slice(0, -1));
  const map = isAlias(parent) ? parent.resolve(document) : parent;
  return isMap(map) ? (pairIn(document, map, path.at(-1) ?? '')?.key as Node | undefined) : undefined;
}

/** The map's own pair, else the one that a merge key (`<<`) brings in. */
function pairIn(document: Document, map: YAMLMap, key: string | number, depth = 0): Pair | undefined {
  const own = pairOf(map.items, key);
  if (own !== undefined || depth > MERGE_DEPTH) return own;
  for (const { key: name, value } of map.items) {
    if (!(isScalar(name) && name.value === '<<')) continue;
    const sources = isSeq(value) ? value.items : [value];
    for (const source of sources) {
      const merged = isAlias(source) ? source.resolve(document) : source;
      const found = isMap(merged) ? pairIn(document, merged, key, depth + 1) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** A map that merges itself must not keep the search going. */
const MERGE_DEPTH = 20;

function pairOf<P extends { key: unknown }>(items: readonly P[], key: string | number): P | undefined {
  return items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === String(key));
}

function rangeOf(node: Node | undefined): TextRange | undefined {
  return node?.range ? { start: node.range[0], end: Math.max(node.range[1], node.range[0] + 1) } : undefined;
}

/** A value on one line, as YAML 1.1 reads it back. */
export function flowYaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, version: '1.1' }).trim();
}

/** Every text in plain data, and where it is. */
export function textsIn(value: unknown, path: KeyPath = []): [KeyPath, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) => textsIn(item, [...path, key]));
}
