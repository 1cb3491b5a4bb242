import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

/** What stands for an image under the process driver: a folder, and a Python whose `bin` comes first in PATH. */
export interface ImageSource {
  readonly dir: string;
  readonly python?: string;
}

/** Reads `REF=DIR[,python=PATH]`. Throws with a sentence when it is not that. */
export function parseImage(argument: string): { ref: string; source: ImageSource } {
  const found = /^([^=]+)=(.+?)(?:,python=(.+))?$/.exec(argument);
  if (!found?.[1] || !found[2]) throw new Error(`--image '${argument}' is not REF=DIR[,python=PATH]`);
  return { ref: found[1], source: imageSource(found[2], found[3]) };
}

/** Throws with a sentence when the folder or the interpreter is not there. */
export function imageSource(dir: string, python?: string): ImageSource {
  if (!isThere(dir, 'directory')) throw new Error(`the folder '${dir}' of an image does not exist`);
  if (python === undefined) return { dir: resolve(dir) };
  if (!isThere(python, 'file')) throw new Error(`the Python '${python}' of an image does not exist`);
  return { dir: resolve(dir), python: isAbsolute(python) ? python : resolve(python) };
}

function isThere(path: string, kind: 'directory' | 'file'): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return kind === 'directory' ? (stat?.isDirectory() ?? false) : (stat?.isFile() ?? false);
}
