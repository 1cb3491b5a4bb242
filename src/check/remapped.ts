/** Whether `paths` of the settings turns a catalog's local path into a URL in the container. */
export function isRemapped(path: string, paths: Readonly<Record<string, string>>): boolean {
  const plain = path.replace(/^\.\//, '');
  return Object.keys(paths).some((prefix) => plain.startsWith(prefix.replace(/^\.\//, '')));
}
