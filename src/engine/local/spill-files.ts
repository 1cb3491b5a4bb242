import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Puts a small text at a `file://` URL unless something is there: the first writer wins. */
export async function putFile(url: string, text: string): Promise<void> {
  const path = fileURLToPath(url);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

export async function isThere(url: string): Promise<boolean> {
  return access(fileURLToPath(url)).then(
    () => true,
    () => false,
  );
}
