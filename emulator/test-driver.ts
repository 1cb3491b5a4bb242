import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { type Container, type ContainerSpec, type Driver, PullFailed, StartFailed } from './drivers/driver.ts';

/**
 * Containers without processes, so that all of a task's life goes by the emulator's clock. The words of a command are
 * done one after the other: `print X`, `sleep N`, `exit N` (0 at the end), `deaf` (SIGTERM is not heard from here on).
 * `absent` is an image that is not there, `broken` a command that cannot be started.
 */
export function testDriver(clockOf: () => Clock): Driver {
  return {
    async create(spec) {
      if (spec.image === 'absent') throw new PullFailed('not found');
      return container(spec, clockOf());
    },
    sweep: async () => undefined,
  };
}

function container(spec: ContainerSpec, clock: Clock): Container {
  return {
    runtimeId: randomBytes(8).toString('hex'),
    leftover: () => undefined,
    remove: async () => undefined,
    async start() {
      if (spec.command[0] === 'broken') throw new StartFailed('exec: "broken": executable file not found in $PATH');
      const term = new AbortController();
      const kill = new AbortController();
      return {
        ended: run(spec, { clock, term: term.signal, kill: kill.signal }).then((exitCode) => ({
          exitCode,
          isOutOfMemory: false,
        })),
        execute: async () => 0,
        stop(graceMs = spec.stopTimeoutMs) {
          term.abort();
          void clock.wait(graceMs / 1000, kill.signal).then(() => kill.abort());
        },
        kill() {
          term.abort();
          kill.abort();
        },
      };
    },
  };
}

async function run(
  spec: ContainerSpec,
  { clock, term, kill }: { clock: Clock; term: AbortSignal; kill: AbortSignal },
): Promise<number> {
  let stop = term;
  for (let at = 0; at < spec.command.length; at += 2) {
    const [word, value = ''] = spec.command.slice(at);
    if (word === 'exit') return Number(value);
    if (word === 'print') await spec.onLine(value);
    if (word === 'sleep') await clock.wait(Number(value), stop);
    if (word === 'deaf') stop = kill;
    if (kill.aborted) return 137;
    if (stop.aborted) return 143;
  }
  return 0;
}
