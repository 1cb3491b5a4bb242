import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile, Span } from '../../diagnostics/span.ts';
import type { Dataset, Project } from '../../model/project.ts';
import { readYaml, type YamlDocument } from '../../util/yaml-document.ts';

interface CatalogFile {
  readonly source: SourceFile;
  readonly document: YamlDocument;
}

/**
 * Finds where a dataset is written in the project's catalog files: the value of `key` in its entry (or its factory
 * pattern's), else the entry itself. The files are read when the first place is asked for, and once: a project without
 * findings never pays for it.
 */
export function catalogLocator(project: Project): (dataset: Dataset, key?: string) => Span | undefined {
  let files: CatalogFile[] | undefined;
  return (dataset, key) => {
    files ??= readCatalogFiles(project);
    const entry = dataset.pattern ?? dataset.name;
    const file = files.find(({ document }) => document.has([entry]));
    const range = (key && file?.document.range([entry, key])) || file?.document.range([entry], 'key');
    return file && range ? { file: file.source, ...range } : undefined;
  };
}

/** The env's files before base's, as Kedro's env wins. Catalogs in Python or in a custom loader are not found here. */
function readCatalogFiles({ root, confSource, env }: Project): CatalogFile[] {
  return [...new Set([env, 'base'])].flatMap((folder) => {
    const base = join(confSource, folder);
    const names = listFiles(join(root, base)).filter((name) => /(^|\/)catalog[^/]*(\/.*)?\.ya?ml$/.test(name));
    return names.sort().map((name): CatalogFile => {
      const path = join(base, name);
      const text = readFileSync(join(root, path), 'utf8');
      return { source: { path, text }, document: readYaml(text) };
    });
  });
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}
