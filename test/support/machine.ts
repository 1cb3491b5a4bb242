import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes that take themselves for those of one machine. */
export interface Machine extends AsyncDisposable {
  /** What a process of it is started with. */
  readonly env: Record<string, string>;
  /** Its clock is so much ahead of the real one from now on, for processes that run too. */
  setAhead(ms: number): Promise<void>;
}

export async function machine(name: string): Promise<Machine> {
  const home = await mkdtemp(join(tmpdir(), `wherry-${name}-`));
  const ahead = join(home, 'ahead');
  const setAhead = (ms: number) => writeFile(ahead, String(ms));
  await setAhead(0);
  return {
    env: {
      HOME: home,
      MACHINE: name,
      MACHINE_AHEAD: ahead,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'machine.mjs')}`,
    },
    setAhead,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true, maxRetries: 3 }),
  };
}
