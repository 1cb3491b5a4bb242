// A Python environment for a requirements file: made when it is missing or the file has changed, with uv where there is
// one, else with venv and pip. Safe when two processes ask at once.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOCK_IS_STALE_AFTER_MS = 10 * 60_000;

/** Returns the path of the environment's python. `say` gets one line when something is installed. */
export async function ensurePythonEnv(folder, requirementsFile, say = () => {}) {
  const python = join(folder, 'bin', 'python');
  const requirements = readFileSync(requirementsFile, 'utf8');
  const wanted = createHash('sha256').update(requirements).digest('hex');
  if (stampOf(folder) === wanted) return python;
  mkdirSync(dirname(folder), { recursive: true });
  const release = await lock(`${folder}.lock`);
  try {
    if (stampOf(folder) === wanted) return python;
    say(`installing the Python packages of ${requirementsFile}`);
    rmSync(folder, { recursive: true, force: true });
    const options = { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, UV_LINK_MODE: 'hardlink' } };
    const uv = findUv();
    if (uv === undefined) {
      await run('python3', ['-m', 'venv', folder], options);
      await run(
        python,
        ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirementsFile],
        options,
      );
    } else {
      const [command, ...words] = uv;
      await run(command, [...words, 'venv', '--quiet', '--python', 'python3', folder], options);
      await run(command, [...words, 'pip', 'install', '--quiet', '--python', python, '-r', requirementsFile], options);
    }
    writeFileSync(join(folder, '.requirements.sha256'), wanted);
    return python;
  } finally {
    release();
  }
}

function stampOf(folder) {
  try {
    return readFileSync(join(folder, '.requirements.sha256'), 'utf8');
  } catch {
    return undefined;
  }
}

function findUv() {
  for (const words of [['uv'], ['python3', '-m', 'uv']]) {
    try {
      execFileSync(words[0], [...words.slice(1), '--version'], { stdio: 'ignore' });
      return words;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

async function lock(path) {
  for (;;) {
    try {
      mkdirSync(path);
      return () => rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > LOCK_IS_STALE_AFTER_MS) rmSync(path, { recursive: true, force: true });
      await sleep(300);
    }
  }
}
