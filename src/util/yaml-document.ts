import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  type Tags,
  type YAMLMap,
} from 'yaml';
import { constructYaml, isMergeKey, keyText, type YamlError } from './construct-yaml.ts';
import { SCALARS } from './yaml-scalars.ts';

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
  const broken = brokenCharacter(text);
  // Another encoding, or no text at all: whatever else could be said would be noise.
  if (text.includes('\0') && broken !== undefined) return nothing(broken);
  try {
    // PyYAML ends a line at a lone carriage return as well.
    const document = read(text.replace(/\r(?!\n)/g, '\n'));
    return broken === undefined ? document : { ...document, errors: [broken, ...document.errors] };
  } catch (error) {
    // The parser calls itself for what is inside.
    if (!(error instanceof RangeError)) throw error;
    return unreadable('it is nested too deep');
  }
}

/** Of a file that is there and has no text to read. */
export function unreadable(message: string): YamlDocument {
  return nothing({ message, start: 0, end: 1 });
}

function nothing(error: YamlError): YamlDocument {
  return { value: null, errors: [error], has: () => false, range: () => undefined };
}

/** What PyYAML takes for no text (yaml/reader.py), and what stands for bytes that are no UTF-8. */
const NO_TEXT = /[^\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFC\u{10000}-\u{10FFFF}]/u;

function brokenCharacter(text: string): YamlError | undefined {
  const found = NO_TEXT.exec(text);
  if (found === null) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const message = code === 'FFFD' ? 'what stands here is no UTF-8' : `the character U+${code} cannot stand in it`;
  return { message, start: found.index, end: found.index + 1 };
}

function read(text: string): YamlDocument {
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    keepSourceTokens: false,
    // Left to `constructYaml`, which need not compare each key with each.
    uniqueKeys: false,
    customTags: tagsOfSettings,
    prettyErrors: false,
    logLevel: 'error',
  });
  const contents = document.contents as Node | null;
  const { value, aliased, errors } = constructYaml(contents, text.length);
  const places = placesIn(contents, (node) => (isAlias(node) ? aliased.get(node) : node));
  // What is only a warning there, such as a tag that nobody knows, PyYAML refuses.
  const inText = [...document.errors, ...document.warnings].map(({ code, message, pos: [start, end] }) => {
    if (message.startsWith('Maximum call stack')) throw new RangeError(message);
    return { message: code === 'MULTIPLE_DOCS' ? SECOND_DOCUMENT : message, start, end };
  });
  const found = [...withoutConsequences(inText, text), ...errors];
  const template = found.length === 0 ? undefined : templateIn(text);
  return template === undefined ? { value, errors: found, ...places } : nothing(template);
}

/** Kedro 0.18 filled in Jinja before it read YAML; nothing in such a file is what it seems. */
function templateIn(text: string): YamlError | undefined {
  const block = /\{%-?\s*\w+[^\n]*?%\}|\{#[^\n]*?#\}/.exec(text);
  if (block === null) return undefined;
  const message = `Jinja is not filled in here: write out what '${block[0]}' stands for`;
  return { message, start: block.index, end: block.index + block[0].length };
}

/** Once the parser has lost its way it stumbles over every word: one mistake a line, and none after the end. */
function withoutConsequences(errors: readonly YamlError[], text: string): YamlError[] {
  const lines = new Set<number>();
  return errors.filter(({ message, start }, index) => {
    const line = text.lastIndexOf('\n', start - 1);
    if (lines.has(line) || (index > 0 && /^Unexpected .* token in YAML stream/.test(message))) return false;
    lines.add(line);
    return true;
  });
}

const SECOND_DOCUMENT = 'a second document begins (---), and only one is read';

/** The schema's own collections, with the scalars of Kedro. */
function tagsOfSettings(tags: Tags): Tags {
  const own = new Set(SCALARS.map(({ tag }) => tag.split(':').at(-1)));
  const others = tags.filter((tag) => {
    const name = typeof tag === 'string' ? tag : (tag.tag.split(':').at(-1) ?? '');
    return !own.has(name.replace(/^(null|bool|int|float|timestamp).*/, '$1'));
  });
  return [...others, ...SCALARS];
}

function placesIn(contents: Node | null, follow: (node: unknown) => unknown): Pick<YamlDocument, 'has' | 'range'> {
  const indexes = new WeakMap<YAMLMap, ReadonlyMap<string, Pair<Node, Node | null>>>();
  const pairOf = (map: YAMLMap, key: string) => {
    const index = indexes.get(map) ?? indexOf(map);
    indexes.set(map, index);
    return index.get(key);
  };
  /** The map's own pair, else the one that a merge key (`<<`) brings in. */
  const pairIn = (map: YAMLMap, key: string): Pair<Node, Node | null> | undefined => {
    const own = pairOf(map, key);
    if (own !== undefined) return own;
    const merges = map.items.filter((pair) => isMergeKey(pair.key)).map(({ value }) => follow(value));
    // The last of several keys, the first in a list.
    const sources = merges.reverse().flatMap((merged) => (isSeq(merged) ? merged.items.map(follow) : [merged]));
    for (const source of sources) {
      const found = isMap(source) ? pairIn(source, key) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const nodeAt = (path: KeyPath): Node | undefined => {
    let node: unknown = contents;
    for (const key of path) {
      const holder = follow(node);
      if (isMap(holder)) node = pairIn(holder, String(key))?.value;
      else node = isSeq(holder) ? holder.items[Number(key)] : undefined;
    }
    return (node as Node | null) ?? undefined;
  };
  const keyAt = (path: KeyPath): Node | undefined => {
    const holder = follow(nodeAt(path.slice(0, -1)));
    return isMap(holder) ? pairIn(holder, String(path.at(-1)))?.key : undefined;
  };
  return {
    has: (path) => nodeAt(path) !== undefined,
    range: (path, part = 'value') => rangeOf(part === 'key' ? keyAt(path) : nodeAt(path)),
  };
}

/** Of several that are the same the last counts, as it does in the value. */
function indexOf({ items }: YAMLMap): ReadonlyMap<string, Pair<Node, Node | null>> {
  const pairs = items as Pair<Node, Node | null>[];
  return new Map(
    pairs.flatMap((pair) =>
      isScalar(pair.key) && !isMergeKey(pair.key) ? [[keyText(pair.key.value), pair] as const] : [],
    ),
  );
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
