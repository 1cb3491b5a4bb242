import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from './command.ts';
import type { Host } from './host.ts';

/** What shall go wrong on the emulator: the text, which the emulator reads, and where it is from. */
export interface FaultsFile {
  readonly file: string;
  readonly text: string;
}

interface FaultsOptions {
  readonly emulate?: boolean;
  readonly faults?: string;
}

export async function readFaults(
  { faults: file, emulate }: FaultsOptions,
  { cwd }: Host,
): Promise<FaultsFile | undefined> {
  if (file === undefined) return undefined;
  if (!emulate) throw new UsageError('--faults is for the emulator: it goes with --emulate');
  try {
    return { file, text: await readFile(resolve(cwd, file), 'utf8') };
  } catch (error) {
    throw new UsageError(`--faults: ${(error as Error).message}`);
  }
}
