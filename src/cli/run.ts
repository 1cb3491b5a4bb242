import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import type { Prices } from '../model/run.ts';
import { type RunOutcome, runPlan } from '../run/run-plan.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import { accountFrom, fargateOptions } from './aws-account.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { type Prepared, type PrepareOptions, prepare } from './prepare.ts';
import { describeFailures } from './present/failures.ts';
import { progressPrinter } from './present/progress.ts';
import { runJson } from './present/run-json.ts';
import { runTable } from './present/tables.ts';
import { colorsFor, reportFindings, seriousOf } from './report-findings.ts';
import { reportTrouble } from './report-trouble.ts';
import { openRunStore } from './run-store.ts';

export interface RunOptions extends PrepareOptions {
  readonly emulate?: boolean;
}

type Input = CommandInput<RunOptions>;

/** On AWS, a line may reach CloudWatch Logs seconds after the container has ended. */
const AWS_LOG_LAG_MS = 5000;
const LOCAL_LOG_LAG_MS = 200;

/** Without a word from the settings about how many tasks may run at once: below Fargate's launch burst of 100. */
const FARGATE_CAPACITY = 80;

export async function run(input: Input): Promise<number> {
  const { options, host } = input;
  if (options.emulate && options.engine === 'local')
    throw new UsageError('--emulate stands for AWS: it goes with --engine aws-fargate');
  const preparation = await prepareRun(input);
  if (reportFindings(seriousOf(preparation), options, host) || !preparation.ready) return EXIT.problems;
  const { prepared } = preparation;
  if (prepared.engine === 'local') return runOn(await localEngine(prepared, input), undefined, prepared, input);
  return options.emulate ? runEmulated(prepared, input) : runOnAws(prepared, input);
}

async function prepareRun({ options, host }: Input) {
  if (!options.emulate) return prepare(options, host);
  const { fillInForEmulator } = await import('./emulated-account.ts');
  return prepare({ ...options, engine: 'aws-fargate' }, host, fillInForEmulator);
}

async function localEngine({ project, python, spill }: Prepared, { options, host }: Input): Promise<Engine> {
  const { packageRoot, env, now } = host;
  const { localEngine: make } = await import('../engine/local/local.ts');
  return make({
    root: project.root,
    python,
    path: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    credentials: callersCredentials(options, env),
    step: join(packageRoot, 'bridge', 'step.py'),
    spill: spill ?? '',
    now,
  });
}

/** Data on S3 is read with the caller's own rights. A task has another home folder, so the files are named. */
function callersCredentials({ profile, region }: RunOptions, env: Host['env']): Record<string, string> {
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

async function runOnAws(prepared: Prepared, input: Input): Promise<number> {
  const account = accountFrom(prepared, input.options, input.host);
  const isElsewhere = account.endpoints.logs !== undefined;
  const limits = { capacity: FARGATE_CAPACITY, logLagMs: isElsewhere ? LOCAL_LOG_LAG_MS : AWS_LOG_LAG_MS };
  return runOn(
    await fargateEngine(account, prepared, input.host, limits),
    pricesFor(prepared, account.region),
    prepared,
    input,
  );
}

async function runEmulated(prepared: Prepared, input: Input): Promise<number> {
  const { host } = input;
  const { useEmulator } = await import('./emulator-process.ts');
  const { emulatedAccount, emulatedImage, prepareEmulatedAccount } = await import('./emulated-account.ts');
  const emulator = await useEmulator(join(prepared.project.root, '.wherry', 'emulator'), host);
  if ('complaint' in emulator) {
    host.err(`wherry: the emulator could not be started: ${emulator.complaint}\n`);
    return EXIT.service;
  }
  try {
    const region = input.options.region ?? prepared.settings.execution_engine.region ?? 'eu-central-1';
    const account = emulatedAccount(emulator.endpoints, region);
    const { project, python } = prepared;
    const images = prepared.plan.tasks.map(({ image }) => image ?? emulatedImage(project));
    for (const image of new Set(images)) await emulator.mapImage(image, project.root, python);
    const ready = await prepareEmulatedAccount({ account, ...prepared });
    if (!ready.ok) return reportTrouble(ready.error, host);
    const limits = { capacity: availableParallelism(), logLagMs: LOCAL_LOG_LAG_MS };
    return await runOn(
      await fargateEngine(account, prepared, host, limits),
      pricesFor(prepared, region),
      prepared,
      input,
    );
  } finally {
    await emulator.stop();
  }
}

async function fargateEngine(
  account: AwsAccount,
  prepared: Prepared,
  host: Host,
  limits: { capacity: number; logLagMs: number },
): Promise<Engine> {
  const { fargateEngine: make } = await import('../engine/aws-fargate/aws-fargate.ts');
  return make({ ...(await fargateOptions(account, prepared, host)), ...limits });
}

function pricesFor({ settings }: Prepared, region: string): Prices {
  return { region, architecture: settings.execution_engine.runtime_platform.cpu_architecture };
}

/** Opens the engine, drives the plan on it and tells how it ended. */
async function runOn(
  engine: Engine,
  prices: Prices | undefined,
  prepared: Prepared,
  { options, host }: Input,
): Promise<number> {
  const { plan } = prepared;
  const runId = newRunId(host.now());
  const saveVersion = kedroVersion(host.now());
  const opened = await engine.open({ runId, plan, saveVersion });
  if (!opened.ok) return reportTrouble(opened.error, host);
  const session = opened.value;
  const colors = colorsFor(options, host);
  host.err(
    `run ${colors.bold(runId)} of ${plan.project} ${plan.pipeline} on ${engine.id}: ${plan.tasks.length} tasks\n`,
  );
  for (const [label, value] of Object.entries(session.particulars)) host.err(`  ${label}: ${value}\n`);

  const store = await openRunStore(options, host);
  const report = progressPrinter(host.err, host.now, colors);
  const outcome = await runPlan({
    runId,
    plan,
    engineId: engine.id,
    saveVersion,
    prices,
    session,
    recorder: await store.create(runId, plan),
    now: host.now,
    sleep: host.sleep,
    cancel: host.interrupted,
    report,
  }).finally(() => session.close());
  const { state } = outcome;
  if (options.format === 'json') host.out(`${JSON.stringify(runJson(state, plan), undefined, 2)}\n`);
  else host.out(`\nrun ${runId}: ${state.state}\n${await runTable(state, plan)}`);
  for (const text of await describeFailures(state, store, options)) host.err(`\n${text}`);
  return statusOf(outcome, host);
}

function statusOf(outcome: RunOutcome, host: Host): number {
  if (outcome.kind === 'out-of-touch') return reportTrouble(outcome.trouble, host);
  switch (outcome.state.state) {
    case 'succeeded':
      return EXIT.fine;
    case 'cancelled':
      return EXIT.interrupted;
    default:
      return EXIT.problems;
  }
}

/** `YYYYMMDDThhmmss-xxxxxx`: sorts by time, and two at once differ. */
function newRunId(now: number): string {
  const date = new Date(now).toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${date}-${randomBytes(3).toString('hex')}`;
}

/** Kedro's own form of a save version: `2026-11-24T02.49.12.123Z`. */
function kedroVersion(now: number): string {
  return new Date(now).toISOString().replaceAll(':', '.');
}
