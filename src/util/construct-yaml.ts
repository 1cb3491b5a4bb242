import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';

export interface YamlError {
  readonly message: string;
  /** Offsets into the text, half-open. */
  readonly start: number;
  readonly end: number;
}

export interface YamlValue {
  /** Plain data; what an alias stands for is shared, not copied. */
  readonly value: unknown;
  readonly aliased: ReadonlyMap<Alias, Node>;
  readonly errors: readonly YamlError[];
}

/** What stands in a line may be meant a few times, in a catalog of anchors say, but not this often. */
const MEANT_PER_CHARACTER = 20;

/**
 * The value of a document as PyYAML constructs it: aliases shared, merge keys (`<<`) filled in, each key once. What it would
 * not construct is an error, and so are aliases that stand for so much that nobody can walk it ("billion laughs").
 */
export function constructYaml(contents: Node | null, textLength: number): YamlValue {
  const errors: YamlError[] = [];
  const complain = (node: Node, message: string) => {
    const [start, end] = node.range ?? [0, 1];
    errors.push({ message, start, end });
  };
  const anchors = new Map<string, Node>();
  const aliased = new Map<Alias, Node>();
  /** Of each anchored node that has been read to its end, with how much it stands for. */
  const done = new Map<Node, { readonly value: unknown; readonly size: number }>();
  const limit = 10_000 + MEANT_PER_CHARACTER * textLength;
  let size = 0;
  let isTooMuch = false;

  const convert = (node: Node | null): unknown => {
    size += 1;
    if (isAlias(node)) return follow(node);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    const before = size;
    if (node !== null && anchor !== undefined) {
      if (anchors.has(anchor)) complain(node, `the anchor &${anchor} is there already`);
      anchors.set(anchor, node);
    }
    const value = plain(node);
    if (node !== null && anchor !== undefined) done.set(node, { value, size: size - before });
    return value;
  };

  const plain = (node: Node | null): unknown => {
    if (isMap(node)) return mapOf(node);
    if (isSeq(node)) return node.items.map((item) => convert(item as Node | null));
    return isScalar(node) ? node.value : null;
  };

  const follow = (alias: Alias): unknown => {
    const target = anchors.get(alias.source);
    const found = target && done.get(target);
    if (target === undefined) complain(alias, `there is no anchor &${alias.source} before *${alias.source}`);
    else if (found === undefined) complain(alias, `*${alias.source} is a part of what it stands for`);
    else if (isTooMuch || size + found.size > limit) {
      // One that is too much makes all that follow so.
      if (!isTooMuch) complain(alias, `with *${alias.source} the aliases stand for more than ${limit} values`);
      isTooMuch = true;
    } else {
      aliased.set(alias, target);
      size += found.size;
      return found.value;
    }
    return null;
  };

  const mapOf = (map: YAMLMap): unknown => {
    const merged = new Map<string, unknown>();
    const own = new Map<string, unknown>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(key)) for (const [name, item] of mergedBy(value)) merged.set(name, item);
      else {
        const name = nameOf(key);
        if (own.has(name)) complain(key, `the key '${name}' is there already`);
        own.set(name, convert(value));
      }
    }
    return Object.fromEntries([...merged, ...own]);
  };

  const nameOf = (key: Node | null): string => {
    const value = convert(key);
    if (typeof value !== 'object' || value === null) return keyText(value);
    if (key !== null) complain(key, 'a list or map cannot be a key; text in braces needs quotes');
    return '';
  };

  /** The first of several wins. */
  const mergedBy = (source: Node | null): [string, unknown][] => {
    const value = convert(source);
    const maps = Array.isArray(value) ? value.toReversed() : [value];
    return maps.flatMap((map) => {
      if (typeof map === 'object' && map !== null && !Array.isArray(map)) {
        const entries = Object.entries(map);
        size += entries.length;
        return entries;
      }
      // An alias to nothing has been complained of already.
      if (source !== null && !(value === null && isAlias(source)))
        complain(source, 'what is merged by << must be a map, or a list of maps');
      return [];
    });
  };

  return { value: convert(contents), aliased, errors };
}

export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN'));
}

/** A key of another type, such as `1` or `yes`, as plain data has it. */
export function keyText(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
