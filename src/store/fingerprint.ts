import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { FileReader } from '../util/file-reader.ts';

/** Made by reading, or by Wherry. */
const NOT_LISTED = ['__pycache__', '.wherry'];

/** What is now at the path of `<aspect>:<path>`, in that aspect; as bridge/describe_inputs.py says it. */
export function fingerprint(key: string): string {
  const colon = key.indexOf(':');
  const path = key.slice(colon + 1);
  try {
    return fingerprintOf(key.slice(0, colon), path);
  } catch {
    return 'absent';
  }
}

function fingerprintOf(aspect: string, path: string): string {
  if (aspect === 'changed') return String(statSync(path, { bigint: true }).mtimeNs);
  if (aspect === 'names') return hash(namesIn(path).join('\n'));
  const kind = kindOf(path);
  return aspect === 'content' && kind === 'file' ? hash(readFileSync(path)) : kind;
}

export function kindOf(path: string): ReturnType<FileReader['kind']> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 'absent';
  return status.isDirectory() ? 'folder' : status.isFile() ? 'file' : 'other';
}

/** Folders have a `/` at the end. Sorted bytewise, as Python has it. */
export function namesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !NOT_LISTED.includes(name));
  const names = entries.map((entry) => Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name));
  return names.sort(Buffer.compare).map(String);
}

export function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
