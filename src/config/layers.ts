import { basename, join, resolve } from 'node:path';
import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { SourceFile, Span } from '../diagnostics/span.ts';
import type { FileReader } from '../util/file-reader.ts';
import { type KeyPath, readYaml, unreadable, type YamlDocument } from '../util/yaml-document.ts';
import { readKedroAirflow } from './kedro-airflow.ts';
import { isPlainObject } from './merge.ts';
import { inPlaces } from './places.ts';

export interface ConfigSource {
  /** The project's folder. */
  readonly root: string;
  /** Kedro's conf folder, relative to the root. */
  readonly confSource: string;
  readonly env: string;
  /** `--config-file`: read instead of the files in conf. */
  readonly file?: string | undefined;
  /** The pipeline for which kedro-airflow's airflow.yml is read as well; undefined: it is not. */
  readonly airflowOf?: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly files: FileReader;
}

/** Settings from one place, in the words of wherry.yml. */
export interface Layer {
  /** The files, most specific first, relative to the project. */
  readonly files: readonly string[];
  readonly kind: 'wherry' | 'airflow-k8s' | 'kedro-airflow';
  readonly value: unknown;
  locate(path: KeyPath, part?: 'value' | 'key'): Span | undefined;
  readonly notes: readonly Diagnostic[];
}

interface ConfigFile {
  readonly source: SourceFile;
  readonly document: YamlDocument;
}

const SUFFIXES = ['yml', 'yaml'];

/** Everything that is read, most specific first. A file that is not there is no trouble. */
export function readLayers(from: ConfigSource): Layer[] {
  if (from.file !== undefined) {
    const files = readFiles(from, [from.file]);
    return basename(from.file).startsWith('airflow-k8s') ? airflowK8sLayers(files) : files.map(ownLayer);
  }
  const own = readFiles(from, filesNamed('wherry', from));
  const theirs = readFiles(from, airflowK8sFiles(from));
  const kedroAirflow = from.airflowOf === undefined ? [] : kedroAirflowLayers(from, from.airflowOf);
  return [...own.map(ownLayer), ...airflowK8sLayers(theirs), ...kedroAirflow];
}

function filesNamed(name: string, { confSource, env }: ConfigSource): string[] {
  return [...new Set([env, 'base'])].flatMap((folder) =>
    SUFFIXES.map((suffix) => join(confSource, folder, `${name}.${suffix}`)),
  );
}

/** The plugin's own pattern is `airflow-k8s*`; the env's files first. */
export function airflowK8sFiles({
  root,
  confSource,
  env,
  files,
}: Pick<ConfigSource, 'root' | 'confSource' | 'env' | 'files'>): string[] {
  const folders = [...new Set([env, 'base'])].map((folder) => join(confSource, folder));
  return folders.flatMap((folder) => {
    const matching = files.names(join(root, folder)).filter((name) => /^airflow-k8s.*\.ya?ml$/.test(name));
    return matching.toSorted().map((name) => join(folder, name));
  });
}

function readFiles({ root, files }: ConfigSource, paths: readonly string[]): ConfigFile[] {
  return paths.flatMap((path): ConfigFile[] => {
    const text = files.text(resolve(root, path));
    if (text !== undefined) return [{ source: { path, text }, document: readYaml(text) }];
    const kind = files.kind(resolve(root, path));
    if (kind === 'absent') return [];
    return [
      { source: { path, text: '' }, document: unreadable(kind === 'folder' ? 'it is a folder' : 'it may not be') },
    ];
  });
}

function ownLayer(file: ConfigFile): Layer {
  const { value } = file.document;
  const placed = isPlainObject(value) ? inPlaces(value) : { value, written: (path: KeyPath) => path, old: [] };
  return {
    files: [file.source.path],
    kind: 'wherry',
    value: placed.value,
    locate: (path, part) => spanIn(file, path, part) ?? spanIn(file, placed.written(path), part),
    notes: [...syntaxErrors(file), ...oldSpellings(placed.old, (path) => spanIn(file, path, 'key'))],
  };
}

/** One layer of all files: a top-level key of the env's file replaces that of base, as Kedro always merged them. */
function airflowK8sLayers(files: readonly ConfigFile[]): Layer[] {
  if (files.length === 0) return [];
  const ownerOf = new Map<string, ConfigFile>();
  const merged = new Map<string, unknown>();
  const hidden: Diagnostic[] = [];
  for (const file of files) {
    const { value } = file.document;
    if (!isPlainObject(value)) continue;
    for (const [key, found] of Object.entries(value)) {
      const owner = ownerOf.get(key);
      if (owner === undefined) {
        ownerOf.set(key, file);
        merged.set(key, found);
      } else hidden.push(...hiddenKeys({ key, file, owner, here: found, there: merged.get(key) }));
    }
  }
  const placed = inPlaces(Object.fromEntries(merged));
  const find: Layer['locate'] = (path, part) => {
    const owner = ownerOf.get(String(path[0]));
    return owner && spanIn(owner, path, part);
  };
  return [
    {
      files: files.map(({ source }) => source.path),
      kind: 'airflow-k8s',
      value: placed.value,
      locate: (path, part) => find(path, part) ?? find(placed.written(path), part),
      notes: [
        ...files.flatMap(syntaxErrors),
        ...files.flatMap(notAMap),
        ...hidden,
        ...oldSpellings(placed.old, (path) => find(path, 'key')),
      ],
    },
  ];
}

interface Hiding {
  readonly key: string;
  readonly file: ConfigFile;
  readonly owner: ConfigFile;
  readonly here: unknown;
  readonly there: unknown;
}

function hiddenKeys({ key, file, owner, here, there }: Hiding): Diagnostic[] {
  if (!isPlainObject(here)) return [];
  const over = isPlainObject(there) ? there : {};
  const lost = Object.keys(here).filter((name) => !Object.hasOwn(over, name));
  return lost.map((name) =>
    diagnostic('airflow-k8s/hidden-key', {
      message: `'${key}.${name}' has no effect: ${owner.source.path} has a '${key}' too`,
      why: 'in an airflow-k8s file a key at the top replaces the one of base with all that is in it',
      help: `repeat '${name}' in ${owner.source.path}, or write both as wherry.yml, where maps merge`,
      span: spanIn(file, [key, name], 'key'),
      notes: [{ message: `'${key}' that holds`, span: spanIn(owner, [key], 'key') }],
    }),
  );
}

function oldSpellings(
  old: readonly { path: KeyPath; now: string }[],
  locate: (path: KeyPath) => Span | undefined,
): Diagnostic[] {
  return old.map(({ path, now }) =>
    diagnostic('airflow-k8s/old-spelling', {
      message: `'${path.join('.')}' is read as ${now}`,
      why: 'earlier releases of kedro-airflow-k8s, or their documentation, had it so',
      help: `write ${now}`,
      span: locate(path),
    }),
  );
}

/** The pipeline's section over `default`; as Kedro merges, a section of the env's file replaces that of base. */
function kedroAirflowLayers(from: ConfigSource, pipeline: string): Layer[] {
  const files = readFiles(from, filesNamed('airflow', from));
  const broken = files.flatMap(syntaxErrors);
  const layers = [pipeline, 'default'].flatMap((name): Layer[] => {
    const file = files.find(({ document }) => document.has([name]));
    const section = (file?.document.value as Record<string, unknown> | undefined)?.[name];
    if (file === undefined || !isPlainObject(section)) return [];
    const { value, keyOf, ignored } = readKedroAirflow(section);
    const locate: Layer['locate'] = (path, part) => {
      const key = keyOf.get(path.join('.'));
      return key === undefined ? undefined : spanIn(file, [name, key], part);
    };
    const notes = ignored.map((key) => ignoredKey([name, key], file));
    return [{ files: [file.source.path], kind: 'kedro-airflow', value, locate, notes }];
  });
  if (broken.length === 0) return layers;
  return [...layers, { files: [], kind: 'kedro-airflow', value: {}, locate: () => undefined, notes: broken }];
}

function ignoredKey(path: readonly [string, string], file: ConfigFile): Diagnostic {
  return diagnostic('airflow/ignored-key', {
    message: `'${path[1]}' of ${file.source.path} is not taken over`,
    why: 'kedro-airflow hands it to a template of your own, and there is none here',
    help: 'what the DAG or its operators take goes under airflow.dag or airflow.default_args in wherry.yml',
    span: spanIn(file, path, 'key'),
  });
}

function syntaxErrors({ source, document }: ConfigFile): Diagnostic[] {
  return document.errors.map(({ message, start, end }) =>
    diagnostic('config/syntax', {
      message: `${source.path} ${source.text === '' ? 'cannot be read' : 'is not valid YAML'}: ${message}`,
      why: 'what stands there, and perhaps more, cannot be read',
      span: { file: source, start, end },
    }),
  );
}

function notAMap({ source, document: { value } }: ConfigFile): Diagnostic[] {
  if (value === undefined || value === null || isPlainObject(value)) return [];
  return [
    diagnostic('config/invalid', {
      message: `${source.path} holds no keys and values, but '${String(value).slice(0, 40)}'`,
      why: 'Wherry would have to guess what is meant',
      span: { file: source, start: 0, end: Math.max(1, source.text.trimEnd().length) },
    }),
  ];
}

function spanIn({ source, document }: ConfigFile, path: KeyPath, part?: 'value' | 'key'): Span | undefined {
  const range = document.range(path, part);
  return range && { file: source, ...range };
}
