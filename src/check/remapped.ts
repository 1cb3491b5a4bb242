/** Whether `paths` of the settings turns a catalog's local path into a URL in the container. */
export function isRemapped(path: string, paths: Readonly<Record<string, string>>): boolean {
  return remapped(path, paths) !== path;
}

/** The URL that stands for a local path in the container, by the longest prefix; the path itself where there is none. */
export function remapped(path: string, paths: Readonly<Record<string, string>>): string {
  const plain = withoutDot(path);
  const prefixes = Object.keys(paths).sort((a, b) => b.length - a.length);
  const prefix = prefixes.find((candidate) => plain.startsWith(withoutDot(candidate)));
  return prefix === undefined ? path : `${paths[prefix]}${plain.slice(withoutDot(prefix).length)}`;
}

function withoutDot(path: string): string {
  return path.replace(/^\.\//, '');
}
