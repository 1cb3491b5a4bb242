import type { Located, Span } from '../../diagnostics/span.ts';
import type { Dataset, Project } from '../../model/project.ts';
import type { FileReader } from '../../util/file-reader.ts';
import { looksSecret, mayHoldSecrets } from '../../util/secret.ts';
import { textsIn } from '../../util/yaml-document.ts';
import { type ConfFile, readConfFiles } from './conf-files.ts';

export interface CatalogFiles {
  /** The value of `key` in a dataset's entry (or in its factory pattern's), else the entry itself. */
  locate(dataset: Dataset, key?: string): Span | undefined;
  secrets(): readonly Located<string>[];
}

/**
 * The project's catalog as it is written. A file is read when somebody asks, and once, and parsed only where it must be: a
 * project without findings hardly pays for it.
 */
export function catalogFiles({ env, baseEnv, ...place }: Project, reader: FileReader): CatalogFiles {
  let read: readonly ConfFile[] | undefined;
  const files = () => {
    // The env's files before base's, as Kedro's env wins. Catalogs in Python or in a custom loader are not found here.
    read ??= readConfFiles('catalog', [env, baseEnv], { ...place, files: reader });
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

function secretsIn({ source, document }: ConfFile): Located<string>[] {
  const found = new Map<number, Located<string>>();
  for (const [path, value] of textsIn(document().value)) {
    const range = looksSecret(String(path.at(-1)), value) ? document().range(path, 'key') : undefined;
    // Anchored once and used often, it stands in one place.
    if (range !== undefined && !found.has(range.start))
      found.set(range.start, { value: path.join('.'), span: { file: source, ...range } });
  }
  return [...found.values()];
}
