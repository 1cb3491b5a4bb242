/** Without a leading `./` or `file://`: relative to the project's folder, or absolute. */
export function plainPath(path: string): string {
  return path.replace(/^(file|local):\/\//, '').replace(/^\.\//, '');
}
