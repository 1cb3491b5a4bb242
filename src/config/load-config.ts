import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeIssues } from '../diagnostics/describe-issues.ts';
import { type Diagnostic, diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import type { SourceFile } from '../diagnostics/span.ts';
import { readYaml, type YamlDocument } from '../util/yaml-document.ts';
import type { Config } from './config.ts';
import { interpolate } from './interpolate.ts';
import { type ConfigValues, configSchema } from './schema.ts';

export interface ConfigSource {
  /** The project's folder. */
  readonly root: string;
  /** Kedro's conf folder, relative to the root. */
  readonly confSource: string;
  readonly env: string;
  /** `--config-file`: read instead of the files in conf. */
  readonly file?: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

interface ConfigFile {
  readonly source: SourceFile;
  readonly document: YamlDocument;
}

/**
 * `conf/<env>/wherry.yml` over `conf/base/wherry.yml`: maps merge deeply, lists and scalars replace.
 * With errors among the diagnostics there is no config: nothing may be planned on a guess.
 */
export async function loadConfig(
  from: ConfigSource,
): Promise<{ config: Config | undefined; diagnostics: Diagnostic[] }> {
  const files = await readConfigFiles(from);
  const locate: Config['locate'] = (path, part) => {
    const file = files.find(({ document }) => document.has(path));
    const range = file?.document.range(path, part);
    return file && range ? { file: file.source, ...range } : undefined;
  };
  const diagnostics = files.flatMap(syntaxErrors);
  if (hasErrors(diagnostics)) return { config: undefined, diagnostics };

  const merged = files.map(({ document }) => document.value ?? {}).reduceRight<unknown>(deepMerge, {});
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
  return { config: { values, files: files.map(({ source }) => source.path), locate }, diagnostics };
}

/** Most specific first. A file that is not there is no trouble: every key has a default or is asked for when it is needed. */
async function readConfigFiles({ root, confSource, env, file }: ConfigSource): Promise<ConfigFile[]> {
  const paths =
    file !== undefined
      ? [file]
      : [...new Set([env, 'base'])].flatMap((folder) =>
          ['yml', 'yaml'].map((suffix) => join(confSource, folder, `wherry.${suffix}`)),
        );
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
