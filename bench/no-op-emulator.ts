// An emulator of ECS and CloudWatch Logs whose containers start nothing, write one line and end at once with 0, so that
// what is measured is whoever drives it. Prints its address and ends with its standard input.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Calls } from '../emulator/calls.ts';
import { control } from '../emulator/control.ts';
import type { Driver } from '../emulator/drivers/driver.ts';
import { Holders } from '../emulator/holders.ts';
import { openWorld } from '../emulator/open-world.ts';
import { emulatorServer, listen } from '../emulator/server.ts';

const driver: Driver = {
  create: async ({ name, environment, onLine }) => ({
    runtimeId: name,
    leftover: () => undefined,
    start: async () => {
      await onLine(`${environment['WHERRY_TASK']} was here`);
      const ended = Promise.resolve({ exitCode: 0, isOutOfMemory: false });
      return { ended, execute: async () => 0, stop: () => undefined, kill: () => undefined };
    },
    remove: async () => undefined,
  }),
  sweep: async () => undefined,
};
const stateDir = mkdtempSync(join(tmpdir(), 'wherry-no-op-'));
const world = openWorld({
  stateDir,
  region: 'eu-central-1',
  driver,
  secrets: () => undefined,
  logBytesPerSecond: undefined,
  timeScale: 0,
  advanceSeconds: 0,
  halt: new AbortController().signal,
  say: () => undefined,
});
const holders = new Holders();
const calls = new Calls();
const routes = control({ ...world, images: new Map(), holders, calls });
const server = emulatorServer({ world, control: routes, holders, calls, log: () => undefined });
process.stdout.write(`http://127.0.0.1:${await listen(server, 0)}\n`);
process.stdin.on('close', () => {
  rmSync(stateDir, { recursive: true, force: true });
  process.exit(0);
});
process.stdin.resume();
