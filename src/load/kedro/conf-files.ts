import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from '../../diagnostics/span.ts';
import type { Project } from '../../model/project.ts';
import { readYaml, type YamlDocument } from '../../util/yaml-document.ts';

export interface ConfFile {
  readonly source: SourceFile;
  /** Parsed when it is first asked for. */
  document(): YamlDocument;
}

/** The files of one kind, by Kedro's own pattern (`catalog*`, `catalog*` / `**`), in the environments in their order. */
export function readConfFiles(
  kind: 'catalog' | 'credentials',
  envs: readonly string[],
  { root, confSource }: Pick<Project, 'root' | 'confSource'>,
): ConfFile[] {
  const pattern = new RegExp(`(^|/)${kind}[^/]*(/.*)?\\.ya?ml$`);
  return [...new Set(envs)].flatMap((folder) => {
    const base = join(confSource, folder);
    const names = listFiles(join(root, base)).filter((name) => pattern.test(name));
    return names.sort().map((name): ConfFile => {
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

/** The files of any environment that define credentials of this name. */
export function filesOfCredentials(name: string, project: Project): string[] {
  const envs = listFiles(join(project.root, project.confSource), false).sort();
  return readConfFiles('credentials', envs, project)
    .filter(({ document }) => document().has([name]))
    .map(({ source }) => source.path);
}

function listFiles(folder: string, recursive = true): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: 'utf8' });
  } catch {
    return [];
  }
}
