import type { KeyPath } from '../util/yaml-document.ts';
import { runConfigSchema } from './airflow-k8s-schema.ts';
import { isPlainObject } from './merge.ts';

/** Settings of kedro-airflow-k8s in the places that wherry.yml has for them. */
export interface Placed {
  readonly value: Record<string, unknown>;
  /** Where the file has what is at `path`: another path, or the same. */
  readonly written: (path: KeyPath) => KeyPath;
  /** Spellings of older releases, and the ones that replaced them. */
  readonly old: readonly { readonly path: KeyPath; readonly now: string }[];
}

interface Move {
  readonly from: KeyPath;
  readonly to: KeyPath;
  readonly convert?: (value: unknown) => unknown;
}

const MOVES: readonly Move[] = [
  { from: ['run_config', 'image'], to: ['image'] },
  { from: ['run_config', 'cron_expression'], to: ['airflow', 'dag', 'schedule'] },
  { from: ['run_config', 'start_date'], to: ['airflow', 'dag', 'start_date'], convert: isoDate },
  { from: ['run_config', 'description'], to: ['airflow', 'dag', 'description'] },
];

/** Releases up to 0.1 had these at the top (`config.py` of 0.0.4 and 0.1.2); `startup_time` is in the documentation only. */
const OLD_SPELLINGS: readonly Move[] = [
  { from: ['imagePullPolicy'], to: ['run_config', 'image_pull_policy'] },
  { from: ['accessMode'], to: ['run_config', 'volume', 'access_modes'], convert: (mode) => [mode] },
  { from: ['requestStorage'], to: ['run_config', 'volume', 'size'] },
  { from: ['run_config', 'startup_time'], to: ['run_config', 'startup_timeout'] },
];

/** Top-level keys of a file without `run_config`, beside those that wherry.yml has there too. */
const FLAT: readonly Move[] = Object.keys(runConfigSchema.shape)
  .filter((key) => key !== 'image' && key !== 'resources')
  .map((key) => ({ from: [key], to: ['run_config', key] }));

export function inPlaces(settings: Record<string, unknown>): Placed {
  const value = structuredClone(settings);
  const writtenAt = new Map<string, KeyPath>();
  const old: { path: KeyPath; now: string }[] = [];
  const move = ({ from, to, convert }: Move): boolean => {
    const found = valueAt(value, from);
    if (found === undefined || valueAt(value, to) !== undefined) return false;
    if (found !== null) setAt(value, to, convert === undefined ? found : convert(found));
    removeAt(value, from);
    const origin = writtenAt.get(from.join('\n')) ?? from;
    for (let up = 0; up < to.length; up++) {
      const parent = to.slice(0, to.length - up).join('\n');
      if (!writtenAt.has(parent)) writtenAt.set(parent, origin.slice(0, Math.max(1, origin.length - up)));
    }
    return true;
  };
  const start = valueAt(value, ['run_config', 'start_date']) ?? value['start_date'];
  if (typeof start === 'number')
    old.push({ path: value['run_config'] ? ['run_config', 'start_date'] : ['start_date'], now: `'${isoDate(start)}'` });
  for (const spelling of [...OLD_SPELLINGS, ...FLAT])
    if (move(spelling)) old.push({ path: spelling.from, now: spelling.to.join('.') });
  for (const name of Object.keys(sizesOf(value)))
    writtenAt.set(['resources', name].join('\n'), ['run_config', 'resources', name]);
  for (const one of [...MOVES, ...sizeMoves(value)]) move(one);
  return { value, written: (path) => writtenAt.get(path.join('\n')) ?? path, old };
}

/** Kubernetes' limits are what a container may take, and so what it must be given here; requests where there are none. */
function sizeMoves(value: Record<string, unknown>): Move[] {
  return Object.keys(sizesOf(value)).flatMap((name) =>
    ['limits', 'requests'].flatMap((kind): Move[] => [
      { from: ['run_config', 'resources', name, kind, 'cpu'], to: ['resources', name, 'vcpu'] },
      { from: ['run_config', 'resources', name, kind, 'memory'], to: ['resources', name, 'memory'] },
      { from: ['run_config', 'resources', name, kind, 'nvidia.com/gpu'], to: ['resources', name, 'gpu'] },
      { from: ['run_config', 'resources', name, kind, 'amd.com/gpu'], to: ['resources', name, 'gpu'] },
    ]),
  );
}

function sizesOf(value: Record<string, unknown>): object {
  const resources = valueAt(value, ['run_config', 'resources']);
  return isPlainObject(resources) ? resources : {};
}

/** `20210721` as text or number; anything else as it is, for the schema to judge. */
function isoDate(value: unknown): unknown {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(String(value)) ?? [];
  return year === undefined ? value : `${year}-${month}-${day}`;
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((at, key) => (isPlainObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);
}

function setAt(value: Record<string, unknown>, path: KeyPath, wanted: unknown): void {
  let at = value;
  for (const key of path.slice(0, -1)) {
    if (!(Object.hasOwn(at, key) && isPlainObject(at[key]))) setOwn(at, String(key), {});
    at = at[key] as Record<string, unknown>;
  }
  setOwn(at, String(path.at(-1)), wanted);
}

/** A user's key may be `__proto__`, which `=` takes for something else. */
function setOwn(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function removeAt(value: Record<string, unknown>, path: KeyPath): void {
  const parent = valueAt(value, path.slice(0, -1));
  if (isPlainObject(parent)) delete parent[String(path.at(-1))];
}
