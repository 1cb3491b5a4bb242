import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';

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
  const status = statSync(path, { bigint: true });
  if (aspect === 'changed') return String(status.mtimeNs);
  if (aspect === 'names') return hashOfNames(path);
  if (status.isDirectory()) return 'folder';
  if (!status.isFile()) return 'other';
  return aspect === 'kind' ? 'file' : hash(readFileSync(path));
}

function hashOfNames(folder: string): string {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !NOT_LISTED.includes(name));
  const names = entries.map((entry) => Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name));
  return hash(names.sort(Buffer.compare).map(String).join('\n'));
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
