import { join } from 'node:path';
import type { SourceFile } from '../../diagnostics/span.ts';
import type { Project } from '../../model/project.ts';
import { type FileReader, namesBelow } from '../../util/file-reader.ts';
import { readYaml, type YamlDocument } from '../../util/yaml-document.ts';

export interface ConfFile {
  readonly source: SourceFile;
  /** Parsed when it is first asked for. */
  document(): YamlDocument;
}

export interface ConfPlace extends Pick<Project, 'root' | 'confSource'> {
  readonly files: FileReader;
}

/** The files of one kind, by Kedro's own pattern (`catalog*`, `catalog*` / `**`), in the environments in their order. */
export function readConfFiles(
  kind: 'catalog' | 'credentials' | 'parameters' | 'globals',
  envs: readonly string[],
  { root, confSource, files }: ConfPlace,
): ConfFile[] {
  const pattern = new RegExp(`(^|/)${kind}[^/]*(/.*)?\\.ya?ml$`);
  return [...new Set(envs)].flatMap((folder) => {
    const base = join(confSource, folder);
    const names = namesBelow(files, join(root, base)).filter((name) => pattern.test(name));
    return names.sort().flatMap((name): ConfFile[] => {
      const path = join(base, name);
      const text = files.text(join(root, path));
      // What is no file, such as a link to nowhere, Kedro does not read either.
      if (text === undefined) return [];
      let parsed: YamlDocument | undefined;
      const document = () => {
        parsed ??= readYaml(text);
        return parsed;
      };
      return [{ source: { path, text }, document }];
    });
  });
}

/** The files of any environment that define credentials of this name. */
export function filesOfCredentials(name: string, place: ConfPlace): string[] {
  const envs = place.files.names(join(place.root, place.confSource)).map((env) => env.replace(/\/$/, ''));
  return readConfFiles('credentials', envs.sort(), place)
    .filter(({ document }) => document().has([name]))
    .map(({ source }) => source.path);
}
