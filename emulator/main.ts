import { setMaxListeners } from 'node:events';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { type Options, optionsOf, USAGE } from './arguments.ts';
import { Calls } from './calls.ts';
import { control, setFaults } from './control.ts';
import { commandLineDriver } from './drivers/command-line.ts';
import type { Driver } from './drivers/driver.ts';
import { processDriver } from './drivers/process.ts';
import { Holders } from './holders.ts';
import { takeLock } from './lock.ts';
import { openWorld } from './open-world.ts';
import { type S3Server, startS3 } from './s3/start.ts';
import { writeAtomically } from './saver.ts';
import { secretsFile } from './secrets.ts';
import { emulatorServer, listen } from './server.ts';
import type { World } from './state.ts';
import { requestStop } from './task-context.ts';
import { recover } from './task-life.ts';

const DEFAULT_REGION = 'eu-central-1';
const PID_FILE = 'emulator.json';

const say = (line: string): void => {
  process.stderr.write(`emulator: ${line}\n`);
};

async function main(): Promise<void> {
  const options = readArguments();
  if (options.help) {
    writeSync(1, USAGE);
    return;
  }
  hold(options.stateDir);
  const halt = new AbortController();
  // Every task that stops listens to it.
  setMaxListeners(0, halt.signal);
  const world = openWorld({
    ...options,
    region: process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || DEFAULT_REGION,
    driver: driverOf(options),
    secrets: secretsFile(options.secrets),
    logBytesPerSecond: options.logRate,
    halt: halt.signal,
    say,
  });
  if (options.faults !== undefined) await useFaults(world, options.faults);
  const holders = new Holders();
  const [server, s3] = await serve(options, { world, holders });
  await recover(world);
  const endpoints = { ecs: world.endpoints.own, logs: world.endpoints.own, sts: world.endpoints.own, s3: s3.url };
  const pidFile = join(options.stateDir, PID_FILE);
  writeAtomically(pidFile, JSON.stringify({ pid: process.pid, endpoints }));

  const end = async (status: number) => {
    server.close();
    server.closeAllConnections();
    const isSaved = await stopAll(world, halt);
    s3.stop();
    await s3.ended;
    rmSync(pidFile, { force: true });
    logCpu();
    process.exit(isSaved ? status : 1);
  };
  endOnce(end, { withParent: options.exitWithParent ? holders : undefined, s3 });
  // Last: whoever reads this may ask it to end at once.
  announce(endpoints, world.region);
}

function readArguments(): Options {
  try {
    return optionsOf(process.argv.slice(2));
  } catch (error) {
    say((error as Error).message);
    process.exit(2);
  }
}

async function useFaults({ faults }: World, file: string): Promise<void> {
  try {
    await setFaults(faults, readFileSync(file, 'utf8'));
  } catch (error) {
    for (const line of (error as Error).message.split('\n')) say(`${file}:${line}`);
    process.exit(2);
  }
}

/** Takes the state folder for this process, or ends it when another emulator has it. */
function hold(stateDir: string): void {
  mkdirSync(stateDir, { recursive: true });
  const lock = takeLock(join(stateDir, 'emulator.lock'));
  if ('release' in lock) {
    process.on('exit', () => lock.release());
    // What one that was killed left there names a process that is gone.
    rmSync(join(stateDir, PID_FILE), { force: true });
    return;
  }
  throw new Error(`the state folder ${stateDir} is in use by the emulator with pid ${lock.heldBy.pid}`);
}

function driverOf({ driver, images, stateDir }: Options): Driver {
  return driver === 'process' ? processDriver(images, stateDir) : commandLineDriver(driver);
}

async function serve(
  options: Options,
  { world, holders }: { world: ReturnType<typeof openWorld>; holders: Holders },
): Promise<[Server, S3Server]> {
  const log = options.verbose ? say : () => undefined;
  const calls = new Calls();
  const tellS3 = () => s3.askAt(world.faults.areForS3 ? `${world.endpoints.own}/_emulator/s3` : undefined);
  const routes = control({ ...world, images: options.images, holders, calls, tellS3 });
  const server = emulatorServer({ world, control: routes, holders, calls, log });
  const folder = join(options.stateDir, 's3');
  const s3 = await startS3({ folder, region: world.region, python: options.s3Python, say });
  world.endpoints.s3 = s3.url;
  world.endpoints.own = `http://127.0.0.1:${await listen(server, options.port)}`;
  await tellS3();
  return [server, s3];
}

/** Prints what a shell evaluates to talk to the emulator, and ends standard output. */
function announce(endpoints: { ecs: string; logs: string; sts: string; s3: string }, region: string): void {
  const { env } = process;
  const values = {
    // For `kill`: a shell that evaluates this in a substitution has no job of it.
    WHERRY_EMULATOR_PID: process.pid,
    AWS_ENDPOINT_URL_ECS: endpoints.ecs,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoints.logs,
    AWS_ENDPOINT_URL_STS: endpoints.sts,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    ...(env.AWS_ACCESS_KEY_ID ? {} : { AWS_ACCESS_KEY_ID: 'emulator', AWS_SECRET_ACCESS_KEY: 'emulator' }),
    ...(env.AWS_REGION ? {} : { AWS_REGION: region }),
    // The only one that botocore reads.
    ...(env.AWS_DEFAULT_REGION ? {} : { AWS_DEFAULT_REGION: region }),
  };
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${value}\n`);
  writeSync(1, lines.join(''));
  closeSync(1);
  // The number is taken at once, so that no file opened later is mistaken for standard output.
  openSync('/dev/null', 'w');
}

function endOnce(
  end: (status: number) => Promise<void>,
  options: { withParent: Holders | undefined; s3: S3Server },
): void {
  let isEnding = false;
  const once = (status: number) => {
    if (isEnding) return;
    isEnding = true;
    end(status).catch((error: Error) => {
      say(error.stack ?? error.message);
      process.exit(1);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => once(0));
  process.on('uncaughtException', (error) => {
    say(`this is a fault of the emulator: ${error.stack}`);
    once(1);
  });
  // Whoever reads our messages may be gone, and then the containers must still be ended in order.
  process.stderr.on('error', () => undefined);
  const { withParent } = options;
  if (withParent) process.stdin.on('close', () => withParent.onFree(() => once(0))).resume();
  void options.s3.ended.then(() => {
    if (!isEnding) say('the S3 server ended unasked');
    once(1);
  });
}

/** Whether the state could be written. */
async function stopAll(world: World, halt: AbortController): Promise<boolean> {
  const lives = [...world.lives].map(([id, { over }]) => ({ record: world.tasks.get(id), over }));
  const why = {
    code: 'TerminationNotice',
    reason: 'ECS is performing maintenance on the underlying infrastructure hosting the task.',
  };
  for (const { record } of lives) if (record) requestStop(record, world, why);
  halt.abort();
  await Promise.all(lives.map(({ over }) => over));
  return [world.logs.flush(), world.saver.flush()].every(Boolean);
}

function logCpu(): void {
  const file = process.env.WHERRY_CPU_LOG;
  const { user, system } = process.cpuUsage();
  if (file) appendFileSync(file, `${JSON.stringify({ process: 'emulator', cpuSeconds: (user + system) / 1e6 })}\n`);
}

main().catch((error: Error) => {
  say(error.message);
  process.exit(1);
});
