import { type Dataset, datasetName } from '../model/project.ts';
import { compareText } from '../util/stable-json.ts';
import { flowYaml, type KeyPath, readYaml, type YamlDocument } from '../util/yaml-document.ts';
import { pathInBucket } from './move-to-bucket.ts';

/** A file of the catalog as it is written; `path` is relative to the environment's folder. */
export interface CatalogText {
  readonly path: string;
  readonly text: string;
}

export interface MovedCatalog {
  /** For the environment's folder. */
  readonly files: readonly CatalogText[];
  /** Datasets whose entry is in no file, or written so that it cannot be edited as text. */
  readonly left: readonly Dataset[];
}

interface Catalogs {
  /** The environment's own files, whose entries count before those of base. */
  readonly own: readonly CatalogText[];
  readonly base: readonly CatalogText[];
  /** What is to move. */
  readonly datasets: readonly Dataset[];
  /** `s3://bucket/prefix`. */
  readonly bucket: string;
}

/**
 * The entries of `datasets` with their paths in the bucket, as catalog files of the environment. Kedro replaces an entry of
 * base by the environment's whole, so each is there whole, with the comments before it and all that it refers to.
 */
export function moveCatalog({ own, base, datasets, bucket }: Catalogs): MovedCatalog {
  const ownFiles = own.map(splitFile);
  const baseFiles = base.map(splitFile);
  const files = [...ownFiles, ...baseFiles];
  const left = datasets.filter((dataset) => {
    const places = placesOf(dataset, files);
    const moved = places.map(({ file, key }) => moveEntry(file, [key], { dataset, bucket }));
    return places.length === 0 || moved.includes(false);
  });
  const paths = [...new Set(files.map(({ path }) => path))].sort(compareText);
  const written = paths.flatMap((path): CatalogText[] => {
    const [mine, theirs] = [ownFiles, baseFiles].map((some) => some.find((file) => file.path === path));
    const added = theirs === undefined ? '' : neededBlocks(theirs, mine);
    if (added === '' && !mine?.edits.size) return [];
    const before = mine === undefined ? '' : edited(mine, 0, mine.text.length);
    return [{ path, text: [before.trimEnd(), added].filter(Boolean).join('\n\n').replace(/\n*$/, '\n') }];
  });
  return { files: written, left };
}

/** A file cut at its top-level keys: the comments right before a key are its own. */
interface SplitFile extends CatalogText {
  readonly document: YamlDocument;
  /** Before the first key. */
  readonly headEnd: number;
  readonly blocks: ReadonlyMap<string, { readonly start: number; readonly end: number }>;
  /** New texts for ranges, by their start. */
  readonly edits: Map<number, { readonly end: number; readonly text: string }>;
}

function splitFile({ path, text: written }: CatalogText): SplitFile {
  const text = written.replace(/^\uFEFF/, '');
  const document = readYaml(text);
  const keys = document.errors.length === 0 ? Object.keys((document.value ?? {}) as object) : [];
  const starts = keys.flatMap((key) => {
    const { start } = document.range([key], 'key') ?? { start: -1 };
    // What does not begin a line is in braces: no line of it can be taken alone.
    return start === 0 || text[start - 1] === '\n' ? [{ key, start: withComments(text, start) }] : [];
  });
  starts.sort((a, b) => a.start - b.start);
  const blocks = starts.map(({ key, start }, index): [string, { start: number; end: number }] => [
    key,
    { start, end: starts[index + 1]?.start ?? text.length },
  ]);
  return { path, text, document, headEnd: starts[0]?.start ?? 0, blocks: new Map(blocks), edits: new Map() };
}

function withComments(text: string, start: number): number {
  return /(?:(?<=^|\n)#[^\n]*\n)*$/.exec(text.slice(0, start))?.index ?? start;
}

/** Each entry of the dataset: a transcoded one has several. */
function placesOf({ name, pattern }: Dataset, files: readonly SplitFile[]): { file: SplitFile; key: string }[] {
  const keys = new Map<string, SplitFile>();
  for (const file of files)
    for (const key of file.blocks.keys())
      if (!keys.has(key) && (pattern === undefined ? datasetName(key) === name : key === pattern)) keys.set(key, file);
  return [...keys].map(([key, file]) => ({ file, key }));
}

interface Moving {
  readonly dataset: Dataset;
  readonly bucket: string;
}

/** False where the entry has no path that can be moved. A wrapper has it inside. */
function moveEntry(file: SplitFile, entry: KeyPath, moving: Moving): boolean {
  const { pathKey = 'filepath' } = moving.dataset;
  const path = [
    [...entry, pathKey],
    [...entry, 'dataset', pathKey],
  ].find((at) => file.document.has(at));
  const range = path && file.document.range(path);
  const moved = path && movedPath(textAt(file.document.value, path), file, moving);
  if (range === undefined || moved === undefined) return false;
  const raw = file.text.slice(range.start, range.end).trimEnd();
  file.edits.set(range.start, { end: range.start + raw.length, text: asQuoted(moved, raw) });
  return true;
}

function textAt(value: unknown, path: KeyPath): string {
  return String(path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], value));
}

/** The path as it is written, variables and factory fields kept, after the bucket; else the path that it stands for. */
function movedPath(written: string, file: SplitFile, { dataset, bucket }: Moving): string | undefined {
  const { path = '', pattern } = dataset;
  const refersToEntry = [...file.blocks.keys()].some((key) => !key.startsWith('_') && refersTo(written, key));
  if (!refersToEntry && (written.startsWith('.') || !path.startsWith('.'))) return pathInBucket(written, bucket);
  return pattern === undefined ? pathInBucket(path, bucket) : undefined;
}

function asQuoted(text: string, raw: string): string {
  if (raw.startsWith('"')) return JSON.stringify(text);
  if (raw.startsWith("'")) return `'${text.replaceAll("'", "''")}'`;
  // What needed no quotes needs none after a bucket.
  return text.endsWith(raw) ? text : flowYaml(text);
}

/** The blocks that were edited and are not in the environment's own file, and those that they need. */
function neededBlocks(file: SplitFile, own: SplitFile | undefined): string {
  const textOf = (key: string) => {
    const { start, end } = file.blocks.get(key) ?? { start: 0, end: 0 };
    return file.text.slice(start, end);
  };
  const isEdited = ({ start, end }: { start: number; end: number }) =>
    [...file.edits.keys()].some((at) => start <= at && at < end);
  const needed = new Set([...file.blocks].filter(([, block]) => isEdited(block)).map(([key]) => key));
  // A set goes on to what is added while it is walked.
  for (const one of needed)
    for (const other of file.blocks.keys())
      if (refersTo(textOf(one), other) || usesAnchorOf(textOf(one), textOf(other))) needed.add(other);
  const kept = [...file.blocks].filter(([key]) => needed.has(key) && !own?.blocks.has(key));
  const head = own === undefined && kept.length > 0 ? file.text.slice(0, file.headEnd) : '';
  return head + kept.map(([, { start, end }]) => edited(file, start, end)).join('');
}

/** OmegaConf's `${_root}` and `${_root.data}`. */
function refersTo(text: string, key: string): boolean {
  return text.includes(`\${${key}}`) || text.includes(`\${${key}.`);
}

function usesAnchorOf(text: string, other: string): boolean {
  return [...other.matchAll(/(?<=[\s:,[{]&)[\w.-]+/g)].some(([name]) => new RegExp(`\\*${name}(?![\\w.-])`).test(text));
}

function edited({ text, edits }: SplitFile, start: number, end: number): string {
  const inside = [...edits].filter(([at]) => start <= at && at < end).sort(([a], [b]) => a - b);
  let at = start;
  const parts = inside.map(([from, edit]) => {
    const before = text.slice(at, from);
    at = edit.end;
    return before + edit.text;
  });
  return parts.join('') + text.slice(at, end);
}
