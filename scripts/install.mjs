// Installs what a fresh checkout lacks: npm packages (which also builds), or only the build when sources are newer.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** Newest modification time below a folder, in milliseconds. */
function newest(folder) {
  return Math.max(...readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs));
}

export function install() {
  const installed = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  if (installed === undefined || statSync(join(root, 'package-lock.json')).mtimeMs > installed.mtimeMs) {
    execFileSync('npm', ['ci', '--loglevel=error'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    return;
  }
  const built = statSync(join(root, 'dist', 'wherry.js'), { throwIfNoEntry: false });
  const sources = ['src', 'emulator', 'scripts'].map((folder) => join(root, folder)).filter(existsSync);
  if (built === undefined || Math.max(...sources.map(newest)) > built.mtimeMs) {
    execFileSync('node', ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  }
}
