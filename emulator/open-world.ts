import { join } from 'node:path';
import { EmulatorClock } from './clock.ts';
import type { Driver } from './drivers/driver.ts';
import { Faults } from './faults/faults.ts';
import { openLogStore } from './log-store.ts';
import { openSaver, type Saver } from './saver.ts';
import type { Secrets } from './secrets.ts';
import { load, type World } from './state.ts';

// The account that moto's S3 has too, so that all services agree on it.
const ACCOUNT = '123456789012';
const CLOCK_FILE = 'clock.json';

interface Options {
  readonly stateDir: string;
  readonly region: string;
  readonly driver: Driver;
  readonly secrets: Secrets;
  readonly logBytesPerSecond: number | undefined;
  readonly timeScale: number;
  /** How far the clock is put forward beyond what the state folder remembers. */
  readonly advanceSeconds: number;
  readonly halt: AbortSignal;
  readonly say: (line: string) => void;
}

/** All that an emulator knows, as an earlier one on the same state folder left it. */
export function openWorld(options: Options): World & { readonly clock: EmulatorClock } {
  const saver = openSaver(options.stateDir, options.say);
  const before = (saver.read(CLOCK_FILE) as { aheadSeconds: number } | undefined)?.aheadSeconds ?? 0;
  const clock = new EmulatorClock({ scale: options.timeScale, aheadSeconds: before + options.advanceSeconds });
  if (clock.aheadSeconds > 0) saveClock(saver, clock);
  const world = {
    account: ACCOUNT,
    region: options.region,
    clock,
    driver: options.driver,
    logs: openLogStore(join(options.stateDir, 'logs'), { clock, say: options.say }),
    saver,
    secrets: options.secrets,
    faults: new Faults(options.region),
    logBytesPerSecond: options.logBytesPerSecond,
    endpoints: { own: '', s3: '' },
    clusters: new Map(),
    families: new Map(),
    tasks: new Map(),
    launches: new Map(),
    lives: new Map(),
    halt: options.halt,
    say: options.say,
  };
  load(world);
  return world;
}

export function saveClock(saver: Saver, clock: EmulatorClock): void {
  saver.save(CLOCK_FILE, () => ({ aheadSeconds: clock.aheadSeconds }));
}
