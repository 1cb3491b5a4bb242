import { type Dataset, datasetName, isParameter, type Project } from '../model/project.ts';
import { compareText } from '../util/stable-json.ts';

/** What takes the data of an all-local project to a bucket with no edit of its catalog. */
export interface Move {
  /** The bucket's URL and prefix, without a slash at the end. */
  readonly root: string;
  readonly spill: string;
  /** For the settings' `paths`. */
  readonly paths: Readonly<Record<string, string>>;
  /** Files and folders that must be there before the first run, each with where it goes. */
  readonly inputs: readonly { readonly from: string; readonly to: string; readonly isFolder: boolean }[];
  /** Local datasets that it moves. */
  readonly moved: readonly Dataset[];
  /** Local datasets whose path no prefix can move: absolute, or outside of the project. */
  readonly left: readonly Dataset[];
}

/** `bucket`: `s3://bucket/prefix`. */
export function moveToBucket(project: Project, bucket: string): Move {
  const root = pathInBucket('', bucket).slice(0, -1);
  const local = [...project.catalog.values()].filter(({ kind }) => kind === 'local');
  const movable = local.filter(({ path }) => isInside(path ?? ''));
  const prefixes = new Set(movable.map(({ path }) => prefixOf(plain(path ?? ''))));
  const written = new Set(nodesOf(project).flatMap(({ outputs }) => outputs.map(datasetName)));
  const read = new Set(
    nodesOf(project).flatMap(({ inputs }) => inputs.filter((name) => !isParameter(name)).map(datasetName)),
  );
  const inputs = movable.filter(({ name }) => read.has(name) && !written.has(name)).map(placeOf);
  return {
    root,
    spill: `${root}/spill`,
    paths: Object.fromEntries([...prefixes].sort(compareText).map((prefix) => [prefix, `${root}/${prefix}`])),
    inputs: withoutNested(inputs).map((place) => ({ ...place, to: `${root}/${place.from}` })),
    moved: movable,
    left: local.filter(({ path }) => !isInside(path ?? '')),
  };
}

export function pathInBucket(path: string, bucket: string): string {
  return `${bucket.replace(/\/+$/, '')}/${plain(path)}`;
}

function nodesOf({ pipelines }: Project) {
  return [...pipelines.values()].flatMap(({ nodes }) => nodes);
}

function plain(path: string): string {
  return path.replace(/^(\.\/+)+/, '');
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !/^[A-Za-z]:|:\/\//.test(path) && !path.split('/').includes('..');
}

/** The first folder, or the file itself where it is in none. */
function prefixOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash + 1);
}

/** A file goes with its folder; what is a folder already, as the partitions that Kedro's classes have under `path`, by itself. */
function placeOf({ path = '', pathKey, type }: Dataset): { from: string; isFolder: boolean } {
  const from = plain(path).replace(/\/$/, '');
  if (path.endsWith('/') || (pathKey === 'path' && type !== undefined)) return { from, isFolder: true };
  const slash = from.lastIndexOf('/');
  return slash === -1 ? { from, isFolder: false } : { from: from.slice(0, slash), isFolder: true };
}

function withoutNested<T extends { readonly from: string }>(places: readonly T[]): T[] {
  const sorted = [...new Map(places.map((place) => [place.from, place])).values()].sort((a, b) =>
    compareText(a.from, b.from),
  );
  return sorted.filter(({ from }) => !sorted.some((other) => from.startsWith(`${other.from}/`)));
}
