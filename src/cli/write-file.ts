import { readFile } from 'node:fs/promises';
import { UsageError } from './command.ts';

/** What stands in a file; undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  });
}

/** As `diff -u` has it. */
export async function difference(file: string, before: string | undefined, after: string): Promise<string> {
  const { createTwoFilesPatch } = await import('diff');
  return createTwoFilesPatch(before === undefined ? '/dev/null' : file, file, before ?? '', after);
}
