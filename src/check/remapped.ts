import { plainPath } from './plain-path.ts';

/** The URL that stands for a local path in the container, by the longest prefix; the path itself where there is none. */
export function remapped(path: string, paths: Readonly<Record<string, string>>): string {
  const plain = plainPath(path);
  const prefixes = Object.keys(paths).sort((a, b) => b.length - a.length);
  const prefix = prefixes.find((candidate) => plain.startsWith(plainPath(candidate)));
  return prefix === undefined ? path : `${paths[prefix]}${plain.slice(plainPath(prefix).length)}`;
}
