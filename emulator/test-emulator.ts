import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An emulator that a test started, as a process of its own and from the sources. */
export interface TestEmulator {
  readonly process: ChildProcess;
  /** What its standard output exported. */
  readonly env: Readonly<Record<string, string>>;
  readonly stateDir: string;
  /** What it wrote to standard error so far. */
  messages(): string;
  /** Sends the signal and waits for the end; resolves to the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

interface Options {
  readonly stateDir: string;
  readonly s3Python: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** Starts one and waits until it is ready. Throws with its messages when it ends before that. */
export async function startEmulator(options: Options): Promise<TestEmulator> {
  // Should the test's process die, its pipe closes and nothing is left behind.
  const own = ['--exit-with-parent', '--state-dir', options.stateDir];
  const args = ['--import', 'tsx', MAIN, ...own, ...(options.args ?? [])];
  const child = spawn(process.execPath, args, {
    env: { ...withoutAws(process.env), WHERRY_S3_PYTHON: options.s3Python, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let messages = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    messages += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // Standard output ends when the emulator is ready.
  await new Promise((resolve) => child.stdout?.once('end', resolve));
  if (!out.includes('export ')) throw new Error(`exit ${await ended}: ${messages}`);
  const exported = [...out.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value] as const);
  return {
    process: child,
    env: Object.fromEntries(exported),
    stateDir: options.stateDir,
    messages: () => messages,
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));
}

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is there until it is removed, or the tests of this process are over. */
export function temporaryFolder(files: Readonly<Record<string, string>> = {}): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  folders.add(path);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
