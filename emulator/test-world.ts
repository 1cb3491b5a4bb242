import { setMaxListeners } from 'node:events';
import { Calls } from './calls.ts';
import type { EmulatorClock } from './clock.ts';
import { control } from './control.ts';
import type { Driver } from './drivers/driver.ts';
import { Holders } from './holders.ts';
import { openWorld } from './open-world.ts';
import { emulatorServer, listen } from './server.ts';
import type { World } from './state.ts';
import { testDriver } from './test-driver.ts';
import { temporaryFolder } from './test-emulator.ts';

/** An emulator of ECS and Logs in the test's own process, whose containers (test-driver.ts) go by its clock too. */
export interface TestWorld {
  readonly world: World & { readonly clock: EmulatorClock };
  readonly env: Readonly<Record<string, string>>;
  /** Asks for one of the emulator's own resources: `control('POST', 'time', {…})`. */
  control(method: string, name: string, body?: unknown): Promise<{ status: number; answer: unknown }>;
  end(): void;
}

interface TestOptions {
  readonly stateDir?: string;
  /** 1, as on AWS, where a test does not wait and puts the clock forward. */
  readonly timeScale?: number;
  readonly driver?: Driver;
}

export async function openTestWorld({ stateDir, timeScale = 1, driver }: TestOptions = {}): Promise<TestWorld> {
  const folder = stateDir === undefined ? temporaryFolder() : { path: stateDir, remove: () => undefined };
  const halt = new AbortController();
  setMaxListeners(0, halt.signal);
  const world = openWorld({
    stateDir: folder.path,
    region: 'eu-central-1',
    driver: driver ?? testDriver(() => world.clock),
    secrets: () => undefined,
    logBytesPerSecond: undefined,
    timeScale,
    advanceSeconds: 0,
    halt: halt.signal,
    say: () => undefined,
  });
  const holders = new Holders();
  const calls = new Calls();
  const routes = control({ ...world, images: new Map(), holders, calls });
  const server = emulatorServer({ world, control: routes, holders, calls, log: () => undefined });
  const url = `http://127.0.0.1:${await listen(server, 0)}`;
  world.endpoints.own = url;
  return {
    world,
    env: { AWS_ENDPOINT_URL_ECS: url, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: url, AWS_ENDPOINT_URL_STS: url },
    async control(method, name, body) {
      const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
      const response = await fetch(`${url}/_emulator/${name}`, { method, ...sent });
      return { status: response.status, answer: await response.json() };
    },
    end() {
      halt.abort();
      for (const { stop } of world.lives.values()) stop.abort();
      server.close();
      server.closeAllConnections();
      world.logs.flush();
      world.saver.flush();
      folder.remove();
    },
  };
}
