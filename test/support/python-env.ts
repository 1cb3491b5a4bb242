import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Installer {
  ensurePythonEnv(folder: string, requirementsFile: string): Promise<string>;
}

/** The python of `.venv/<name>`, made from the requirements file when it is missing or the file has changed. */
export async function pythonEnv(name: string, requirementsFile: string): Promise<string> {
  const { ensurePythonEnv } = (await import(join(root, 'scripts', 'python-env.mjs'))) as Installer;
  return ensurePythonEnv(join(root, '.venv', name), requirementsFile);
}
