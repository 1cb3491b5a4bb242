import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DeliveryOptions } from '../engine/aws-fargate/options.ts';
import type { Engine } from '../engine/engine.ts';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import type { ObjectStore } from '../store/mirror.ts';
import { spillFolder } from '../store/spill-folder.ts';
import type { SpillObjects } from '../store/spilled-data.ts';
import { accountFrom, accountOfRun, callTeller, fargateOptions, sayer } from './aws-account.ts';
import { checkAccount } from './check-account.ts';
import { EXIT, type GlobalOptions, UsageError, VERSION } from './command.ts';
import type { FaultsFile } from './faults-file.ts';
import type { Host } from './host.ts';
import { objectsUnder } from './mirror.ts';
import { type Prepared, sha256 } from './prepare.ts';
import { estimatedCost } from './present/cost.ts';
import { projectFolder } from './project-folder.ts';
import { reportTrouble } from './report-trouble.ts';
import { runPolicy } from './run-policy.ts';

/** An engine that is ready to be opened for a run. */
export interface EngineSetup {
  readonly engine: Engine;
  /** What is recorded of the run, but the engine's own part. */
  readonly launch: Omit<LaunchRecord, 'frozen'>;
  /** Where other machines see the run's records; undefined where they cannot. */
  readonly mirror: ObjectStore | undefined;
  /** What tasks hand to each other; undefined where the run has no place for it. */
  readonly spilled: SpillObjects | undefined;
  /** Undefined where tasks do not run on AWS. */
  readonly account: AwsAccount | undefined;
  readonly close: () => Promise<void>;
}

interface Surroundings {
  readonly options: GlobalOptions;
  readonly host: Host;
}

/** On AWS, a line may reach CloudWatch Logs seconds after the container has ended. */
const AWS_LOG_LAG_MS = 5000;
const LOCAL_LOG_LAG_MS = 200;
/** Where an emulator listens. */
const LOOPBACK = /^https?:\/\/(127\.|localhost\b|\[::1\])/;

/** Without `max_tasks`: below Fargate's launch burst of 100. */
const USUAL_CAPACITY = 80;

const DEFAULT_EMULATED_REGION = 'eu-central-1';

type NewSetup = Surroundings & { readonly isEmulated: boolean; readonly faults: FaultsFile | undefined };

/** For a new run; the exit status, where there is a trouble that was reported. */
export async function newSetup(prepared: Prepared, around: NewSetup): Promise<EngineSetup | number> {
  const { host, isEmulated } = around;
  const { project, python, settings, spill } = prepared;
  const launch = {
    version: 1,
    wherry: VERSION,
    host: host.self.host,
    engine: prepared.engine,
    saveVersion: kedroVersion(host.now()),
    policy: runPolicy(settings, prepared.engine),
    spill: spill === undefined ? undefined : { location: spill, keep: settings.spill?.keep ?? 'always' },
    mirror: prepared.engine === 'aws-fargate' && spill?.startsWith('s3://') ? spill : undefined,
  } as const;
  if (prepared.engine === 'local') {
    const engine = await localEngine({ root: project.root, python, spill: spill ?? '' }, around);
    return onThisMachine(engine, launch);
  }
  return isEmulated ? newOnEmulator(prepared, launch, around) : newOnAws(prepared, launch, around);
}

type NewLaunch = Omit<LaunchRecord, 'frozen' | 'prices' | 'emulated'>;

async function newOnAws(prepared: Prepared, launch: NewLaunch, around: NewSetup): Promise<EngineSetup | number> {
  const { options, host } = around;
  const { settings, plan } = prepared;
  const { execution_engine: engine } = settings;
  const account = await accountFrom(engine, options, host);
  const prices = { region: account.region, architecture: engine.runtime_platform.cpu_architecture };
  const allowed = { ids: settings.allowed_account_ids, by: 'allowed_account_ids has' };
  const where = `cluster ${engine.cluster ?? 'default'}: ${estimatedCost(plan, prices)}`;
  const checked = await checkAccount({ account, allowed, where }, host);
  if (typeof checked === 'number') return checked;
  const made = await fargateEngine(account, await fargateOptions(account, prepared, around), host);
  return onAws({ engine: made, launch: { ...launch, prices, accountId: checked.id }, close: async () => {} }, account);
}

async function newOnEmulator(prepared: Prepared, launch: NewLaunch, around: NewSetup): Promise<EngineSetup | number> {
  const { options, host, faults } = around;
  const { project, python, plan, settings } = prepared;
  const { emulatedImage, prepareEmulatedAccount } = await import('./emulated-account.ts');
  const region = options.region ?? settings.execution_engine.region ?? DEFAULT_EMULATED_REGION;
  const images = [...new Set(plan.tasks.map(({ image }) => image ?? emulatedImage(project)))];
  const emulated = await openEmulator({ root: project.root, images, python, region }, host);
  if (typeof emulated === 'number') return emulated;
  const { account, emulator } = emulated;
  const close = async () => {
    // Others may hold it, and its faults are this run's.
    if (faults !== undefined) await emulator.setFaults(undefined);
    await emulator.stop();
  };
  const ready = await prepareEmulatedAccount({ account, ...prepared });
  // Not before: making the account ready is no part of what is rehearsed.
  const complaint = faults && ready.ok ? await emulator.setFaults(faults.text) : undefined;
  if (!ready.ok || complaint !== undefined) await close();
  if (!ready.ok) return reportTrouble(ready.error, host);
  if (complaint !== undefined) throw new UsageError(complaint.replace(/^/gm, `${faults?.file}:`));
  const where = faults === undefined ? 'emulated' : 'emulated with faults';
  const engine = await fargateEngine(account, await fargateOptions(account, prepared, around), host, where);
  const prices = { region, architecture: settings.execution_engine.runtime_platform.cpu_architecture };
  return onAws({ engine, launch: { ...launch, prices, emulated: { images, python } }, close }, account);
}

/** For a run that has begun: its own record says with what. */
export async function recordedSetup(
  launch: LaunchRecord,
  { options, host }: Surroundings,
): Promise<EngineSetup | number> {
  if (Number(launch.version) !== 1)
    throw new UsageError(
      `this run was begun by Wherry ${launch.wherry}, which records runs in a form that this version (${VERSION}) does not know: use that one`,
    );
  const root = await projectFolder(options, host);
  if (launch.engine === 'local') {
    const engine = await localEngine({ root, python: '', spill: '' }, { options, host });
    return onThisMachine(engine, launch);
  }
  if (launch.emulated === undefined) {
    const account = await accountOfRun(launch, options, host);
    return onAws({ engine: await fargateEngine(account, undefined, host), launch, close: async () => {} }, account);
  }
  const region = launch.prices?.region ?? DEFAULT_EMULATED_REGION;
  const emulated = await openEmulator({ root, region, ...launch.emulated }, host);
  if (typeof emulated === 'number') return emulated;
  const engine = await fargateEngine(emulated.account, undefined, host, 'emulated');
  return onAws({ engine, launch, close: () => emulated.emulator.stop() }, emulated.account);
}

function onThisMachine(engine: Engine, launch: EngineSetup['launch']): EngineSetup {
  const spilled = launch.spill && spillFolder(launch.spill.location);
  return { engine, launch, spilled, mirror: undefined, account: undefined, close: async () => {} };
}

/** Opens the mirror that the run's record names, which is beside what its tasks hand to each other. */
async function onAws(
  setup: Omit<EngineSetup, 'mirror' | 'spilled' | 'account'>,
  account: AwsAccount,
): Promise<EngineSetup> {
  if (setup.launch.mirror === undefined) return { ...setup, account, mirror: undefined, spilled: undefined };
  const mirror = await objectsUnder(account, setup.launch.mirror);
  const close = async () => {
    mirror.close();
    await setup.close();
  };
  return { ...setup, account, mirror, spilled: mirror, close };
}

async function localEngine(
  { root, python, spill }: { root: string; python: string; spill: string },
  { options, host }: Surroundings,
): Promise<Engine> {
  const { packageRoot, env, now } = host;
  const { localEngine: make } = await import('../engine/local/local.ts');
  return make({
    root,
    python,
    path: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    credentials: callersCredentials(options, env),
    step: join(packageRoot, 'bridge', 'step.py'),
    spill,
    now,
  });
}

/** Data on S3 is read with the caller's own rights. A task has another home folder, so the files are named. */
function callersCredentials({ profile, region }: GlobalOptions, env: Host['env']): Record<string, string> {
  const home = env['HOME'] === undefined ? undefined : join(env['HOME'], '.aws');
  const files =
    home === undefined
      ? {}
      : { AWS_CONFIG_FILE: join(home, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials') };
  const own = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    name.startsWith('AWS_') && value !== undefined ? [[name, value]] : [],
  );
  return {
    ...files,
    ...Object.fromEntries(own),
    ...(profile === undefined ? {} : { AWS_PROFILE: profile }),
    ...(region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
  };
}

interface EmulatorRequest {
  readonly root: string;
  readonly region: string;
  /** What stands for the project. */
  readonly images: readonly string[];
  readonly python: string;
}

async function openEmulator({ root, region, images, python }: EmulatorRequest, host: Host) {
  const { useEmulator } = await import('./emulator-process.ts');
  const { emulatedAccount } = await import('./emulated-account.ts');
  const emulator = await useEmulator(join(root, '.wherry', 'emulator'), host);
  if ('complaint' in emulator) {
    host.err(`wherry: the emulator could not be started: ${emulator.complaint}\n`);
    return EXIT.service;
  }
  for (const image of images) await emulator.mapImage(image, root, python);
  const account = { ...emulatedAccount(emulator.endpoints, region), report: callTeller(host.tell) };
  return { account, emulator };
}

async function fargateEngine(
  account: AwsAccount,
  delivery: DeliveryOptions | undefined,
  { now, sleep, err }: Host,
  where?: 'emulated' | 'emulated with faults',
): Promise<Engine> {
  const { fargateEngine: make } = await import('../engine/aws-fargate/aws-fargate.ts');
  const { limiter } = await import('../service/aws/rates.ts');
  const isPlainEmulator = where !== 'emulated with faults' && LOOPBACK.test(account.endpoints.logs ?? '');
  return make({
    account,
    sha256,
    delivery,
    say: sayer(err),
    now,
    // There is no account whose rates others need.
    limit: isPlainEmulator ? undefined : limiter({ now, sleep }),
    capacity: (maxTasks = USUAL_CAPACITY) =>
      where === undefined ? maxTasks : Math.min(maxTasks, availableParallelism()),
    logLagMs: isPlainEmulator ? LOCAL_LOG_LAG_MS : AWS_LOG_LAG_MS,
  });
}

/** Kedro's own form of a save version: `2026-11-24T02.49.12.123Z`. */
function kedroVersion(now: number): string {
  return new Date(now).toISOString().replaceAll(':', '.');
}
