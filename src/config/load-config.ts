import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeIssues } from '../diagnostics/describe-issues.ts';
import { type Diagnostic, diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import type { SourceFile } from '../diagnostics/span.ts';
import { readYaml, type YamlDocument } from '../util/yaml-document.ts';
import type { Config } from './config.ts';
import { interpolate } from './interpolate.ts';
import { readKedroAirflow } from './kedro-airflow.ts';
import { type ConfigValues, configSchema } from './schema.ts';

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
}

interface ConfigFile {
  readonly source: SourceFile;
  readonly document: YamlDocument;
}

/** Settings from one file, in the words of wherry.yml. */
interface Layer {
  readonly file: ConfigFile;
  readonly value: unknown;
  readonly range: YamlDocument['range'];
  readonly notes: readonly Diagnostic[];
}

/**
 * `conf/<env>/wherry.yml` over `conf/base/wherry.yml`: maps merge deeply, lists and scalars replace.
 * With errors among the diagnostics there is no config: nothing may be planned on a guess.
 */
export async function loadConfig(
  from: ConfigSource,
): Promise<{ config: Config | undefined; diagnostics: Diagnostic[] }> {
  const own = (await readFiles(from, ownFiles(from))).map(ownLayer);
  const theirs = from.airflowOf === undefined ? [] : await kedroAirflowLayers(from, from.airflowOf);
  const layers = [...own, ...theirs];
  const locate: Config['locate'] = (path, part) => {
    for (const { file, range } of layers) {
      const found = range(path, part);
      if (found !== undefined) return { file: file.source, ...found };
    }
    return undefined;
  };
  const diagnostics = layers.flatMap(({ file, notes }) => [...syntaxErrors(file), ...notes]);
  if (hasErrors(diagnostics)) return { config: undefined, diagnostics };

  const merged = layers.map(({ value }) => value ?? {}).reduceRight<unknown>(deepMerge, {});
  const interpolated = interpolate(merged, from.variables, locate);
  const parsed = configSchema.safeParse(interpolated.value, { reportInput: true });
  diagnostics.push(...interpolated.diagnostics, ...scalarNotes(interpolated.value, locate));
  if (!parsed.success) {
    // A value that could not be made is not judged as well.
    const unmade = new Set(interpolated.diagnostics.map(({ span }) => span?.start));
    const found = describeIssues(parsed.error.issues, {
      schema: configSchema,
      locate,
      codes: { invalid: 'config/invalid', unknownKey: 'config/unknown-key' },
    });
    diagnostics.push(...found.filter(({ span }) => span === undefined || !unmade.has(span.start)));
  }
  if (!parsed.success || hasErrors(diagnostics)) return { config: undefined, diagnostics };
  const values: ConfigValues = parsed.data;
  return { config: { values, files: own.map(({ file }) => file.source.path), locate }, diagnostics };
}

/** Most specific first. */
function ownFiles({ file, ...from }: ConfigSource): string[] {
  return file === undefined ? filesNamed('wherry', from) : [file];
}

function filesNamed(name: string, { confSource, env }: Pick<ConfigSource, 'confSource' | 'env'>): string[] {
  return [...new Set([env, 'base'])].flatMap((folder) =>
    ['yml', 'yaml'].map((suffix) => join(confSource, folder, `${name}.${suffix}`)),
  );
}

function ownLayer(file: ConfigFile): Layer {
  const { document } = file;
  return { file, value: document.value, range: (path, part) => document.range(path, part), notes: [] };
}

/** The pipeline's section over `default`; as Kedro merges, a section of the env's file replaces that of base. */
async function kedroAirflowLayers(from: ConfigSource, pipeline: string): Promise<Layer[]> {
  const files = await readFiles(from, filesNamed('airflow', from));
  return [pipeline, 'default'].flatMap((name): Layer[] => {
    const file = files.find(({ document }) => document.has([name]));
    const section = (file?.document.value as Record<string, unknown> | undefined)?.[name];
    if (file === undefined || !isPlainObject(section)) return [];
    const { value, keyOf, ignored } = readKedroAirflow(section);
    const range: Layer['range'] = (path, part) => {
      const key = keyOf.get(path.join('.'));
      return key === undefined ? undefined : file.document.range([name, key], part);
    };
    return [{ file, value, range, notes: ignored.map((key) => ignoredKey([name, key], file)) }];
  });
}

function ignoredKey(path: readonly [string, string], { source, document }: ConfigFile): Diagnostic {
  const range = document.range(path, 'key');
  return diagnostic('airflow/ignored-key', {
    message: `'${path[1]}' of ${source.path} is not taken over`,
    why: 'kedro-airflow hands it to a template of your own, and there is none here',
    help: 'what the DAG or its operators take goes under airflow.dag or airflow.default_args in wherry.yml',
    span: range && { file: source, ...range },
  });
}

/** A file that is not there is no trouble: every key has a default or is asked for when it is needed. */
async function readFiles({ root }: ConfigSource, paths: readonly string[]): Promise<ConfigFile[]> {
  const files = await Promise.all(
    paths.map(async (path): Promise<ConfigFile | undefined> => {
      const text = await readFile(join(root, path), 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      return { source: { path, text }, document: readYaml(text) };
    }),
  );
  return files.filter((found) => found !== undefined);
}

function syntaxErrors({ source, document }: ConfigFile): Diagnostic[] {
  return document.errors.map(({ message, start, end }) =>
    diagnostic('config/syntax', {
      message: `${source.path} is not valid YAML: ${message}`,
      why: 'none of its settings can be read',
      span: { file: source, start, end },
    }),
  );
}

function deepMerge(base: unknown, over: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = key in base ? deepMerge(base[key], value) : value;
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function scalarNotes(value: unknown, locate: Config['locate']): Diagnostic[] {
  const engine = isPlainObject(value) && isPlainObject(value['execution_engine']) ? value['execution_engine'] : {};
  return ['subnets', 'security_groups'].flatMap((key) => {
    const written = engine[key];
    if (typeof written !== 'string') return [];
    return diagnostic('config/scalar-for-list', {
      message: `'${key}' is a list; '${written}' is taken as a list of one`,
      help: `write ${key}: [${written}]`,
      span: locate(['execution_engine', key]),
    });
  });
}
