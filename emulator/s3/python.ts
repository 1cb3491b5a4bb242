import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitForLock } from '../lock.ts';

const run = promisify(execFile);

interface Options {
  readonly given: string | undefined;
  /** Path of the pinned requirements. */
  readonly requirements: string;
  readonly say: (line: string) => void;
}

/** The Python that runs the S3 server: the one given, `$WHERRY_S3_PYTHON`, or an environment of its own, made once. */
export async function s3Python({ given, requirements, say }: Options): Promise<string> {
  const chosen = given ?? process.env.WHERRY_S3_PYTHON;
  if (chosen) return chosen;
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const environment = join(cache, 'wherry', `s3-${key}`);
  const python = join(environment, 'bin', 'python');
  // A virtual environment cannot be moved, so it is made where it stays and is complete when it is stamped.
  const stamp = join(environment, 'complete');
  if (existsSync(stamp)) return python;
  mkdirSync(join(cache, 'wherry'), { recursive: true });
  const lock = await waitForLock(`${environment}.lock`);
  try {
    if (!existsSync(stamp)) {
      await install({ environment, python, requirements, say });
      writeFileSync(stamp, '');
    }
  } finally {
    lock.release();
  }
  return python;
}

async function install(options: Omit<Options, 'given'> & { environment: string; python: string }): Promise<void> {
  const { environment, python, requirements, say } = options;
  say(
    `making the Python environment of the S3 server in ${environment}: about 105 MB, once, which takes up to a minute`,
  );
  rmSync(environment, { recursive: true, force: true });
  await step('python3 -m venv', 'python3', ['-m', 'venv', environment]);
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-compile'];
  await step('pip install', python, ['-m', 'pip', 'install', ...quiet, '-r', requirements]);
}

async function step(what: string, program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args);
  } catch (error) {
    const { stderr, stdout, message } = error as Error & { stderr?: string; stdout?: string };
    const why = (stderr?.trim() || stdout?.trim() || message).split('\n').at(-1);
    throw new Error(
      `cannot make the Python environment of the S3 server: ${what}: ${why}. ` +
        'Install Python 3.10 or newer with venv, or name one that has moto[s3] with --s3-python or WHERRY_S3_PYTHON',
    );
  }
}
