import { pathToFileURL } from 'node:url';

/** The spill of a project that says nothing else. */
export function defaultSpill(root: string): string {
  return `${pathToFileURL(root).href}/.wherry/spill`;
}
