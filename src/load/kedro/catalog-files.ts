import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Located, SourceFile, Span } from '../../diagnostics/span.ts';
import type { Dataset, Project } from '../../model/project.ts';
import { looksSecret, mayHoldSecrets } from '../../util/secret.ts';
import { readYaml, textsIn, type YamlDocument } from '../../util/yaml-document.ts';

interface CatalogFile {
  readonly source: SourceFile;
  document(): YamlDocument;
}

export interface CatalogFiles {
  /** The value of `key` in a dataset's entry (or in its factory pattern's), else the entry itself. */
  locate(dataset: Dataset, key?: string): Span | undefined;
  secrets(): readonly Located<string>[];
}

/**
 * The project's catalog as it is written. A file is read when somebody asks, and once, and parsed only where it must be: a
 * project without findings hardly pays for it.
 */
export function catalogFiles(project: Project): CatalogFiles {
  let read: readonly CatalogFile[] | undefined;
  const files = () => {
    read ??= readCatalogFiles(project);
    return read;
  };
  return {
    locate: (dataset, key) => {
      const entry = dataset.pattern ?? dataset.writtenAs;
      const file = files().find(({ document }) => document().has([entry]));
      const range = (key && file?.document().range([entry, key])) || file?.document().range([entry], 'key');
      return file && range ? { file: file.source, ...range } : undefined;
    },
    secrets: () =>
      files()
        .filter(({ source }) => mayHoldSecrets(source.text))
        .flatMap(secretsIn),
  };
}

/** The env's files before base's, as Kedro's env wins. Catalogs in Python or in a custom loader are not found here. */
export function readCatalogFiles({
  root,
  confSource,
  env,
  baseEnv,
}: Pick<Project, 'root' | 'confSource' | 'env' | 'baseEnv'>): CatalogFile[] {
  return [...new Set([env, baseEnv])].flatMap((folder) => {
    const base = join(confSource, folder);
    const names = listFiles(join(root, base)).filter((name) => /(^|\/)catalog[^/]*(\/.*)?\.ya?ml$/.test(name));
    return names.sort().map((name): CatalogFile => {
      const path = join(base, name);
      const source = { path, text: readFileSync(join(root, path), 'utf8') };
      let parsed: YamlDocument | undefined;
      return {
        source,
        document: () => {
          parsed ??= readYaml(source.text);
          return parsed;
        },
      };
    });
  });
}

function secretsIn({ source, document }: CatalogFile): Located<string>[] {
  const found = new Map<number, Located<string>>();
  for (const [path, value] of textsIn(document().value)) {
    const range = looksSecret(String(path.at(-1)), value) ? document().range(path, 'key') : undefined;
    // Anchored once and used often, it stands in one place.
    if (range !== undefined && !found.has(range.start))
      found.set(range.start, { value: path.join('.'), span: { file: source, ...range } });
  }
  return [...found.values()];
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}
