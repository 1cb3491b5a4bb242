// `npm run demo`: a real Kedro project as Fargate tasks on the embedded emulator, checked against plain `kedro run`.
// Options (after --): --delete s3://bucket/key removes one object before the check, to see the check fail.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { install, root } from './install.mjs';
import { ensurePythonEnv } from './python-env.mjs';

const EXAMPLE = join(root, 'examples', 'bike-hire');
const STATE = join(EXAMPLE, '.wherry', 'emulator');
const { values: options } = parseArgs({ options: { delete: { type: 'string' } } });

const scratch = mkdtempSync(join(tmpdir(), 'wherry-demo-'));
const cpuLog = join(scratch, 'cpu.jsonl');
const wherry = join(root, 'bin', 'wherry');
const shown = relative(process.cwd(), EXAMPLE) || '.';

const say = (text) => process.stdout.write(`${text}\n`);
const title = (text) => say(`\n── ${text}`);

/** Runs a command with its output in sight; its exit status. */
function show(command, words, env = process.env, cwd = root) {
  return spawnSync(command, words, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] }).status;
}

/** Starts `wherry emulate` and waits for the variables that it prints. */
async function startEmulator(env) {
  const child = spawn(process.execPath, [wherry, 'emulate', '-C', EXAMPLE], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (
      /^export AWS_ENDPOINT_URL_S3=.*\n/m.test(text) &&
      /^export AWS_ENDPOINT_URL_ECS=.*\n/m.test(text) &&
      /^export AWS_REGION=.*\n/m.test(`${text}export AWS_REGION=\n`)
    )
      break;
  }
  const variables = Object.fromEntries(
    [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value.replace(/^'(.*)'$/, '$1')]),
  );
  if (variables.AWS_ENDPOINT_URL_S3 === undefined) throw new Error('the emulator could not be started');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { variables, stop };
}

/** What plain `kedro run` gives, in a copy of the project. */
function plainRun(python) {
  const copy = join(scratch, 'plain');
  cpSync(EXAMPLE, copy, { recursive: true, filter: (path) => !/\/(\.venv|\.wherry)(\/|$)/.test(path) });
  const env = { ...process.env, DO_NOT_TRACK: '1' };
  const { status, stderr, stdout } = spawnSync(python, ['-m', 'kedro', 'run'], { cwd: copy, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`kedro run failed:\n${stdout}${stderr}`);
  return copy;
}

/** Through botocore, which the project's own s3fs brings: S3 takes signed requests only. */
function deleteObject(url, python, env) {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
  const code =
    'import sys, botocore.session as b; b.get_session().create_client("s3").delete_object(Bucket=sys.argv[1], Key=sys.argv[2])';
  if (spawnSync(python, ['-c', code, bucket, key], { env, stdio: 'inherit' }).status !== 0)
    throw new Error(`${url} could not be deleted`);
  say(`deleted ${url}`);
}

function printCpu(userSeconds) {
  const lines = readFileSync(cpuLog, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const sum = (name) =>
    lines.filter((line) => line.process === name).reduce((total, { cpuSeconds }) => total + cpuSeconds, 0);
  const [cli, emulator, s3] = [sum('cli'), sum('emulator'), sum('s3')];
  say(
    `CPU seconds: command line ${cli.toFixed(1)}, emulator ${emulator.toFixed(1)}, S3 ${s3.toFixed(1)} = ${(cli + emulator + s3).toFixed(1)} of Wherry's; the project's own Python ${userSeconds.toFixed(1)} in the containers`,
  );
}

/** The newest run's id and its events, as Wherry keeps them. */
function newestRun() {
  const { stdout } = spawnSync(process.execPath, [wherry, 'runs', '-C', EXAMPLE, '--format', 'json'], {
    encoding: 'utf8',
  });
  const [{ runId }] = JSON.parse(stdout).runs;
  const text = readFileSync(join(EXAMPLE, '.wherry', 'runs', runId, 'events.jsonl'), 'utf8');
  const events = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { runId, events };
}

/** What the steps reported of themselves. */
function userCpu(events) {
  return events
    .filter(({ event, step }) => event === 'step' && step.event === 'step-finished')
    .reduce((total, { step }) => total + step.cpuSeconds, 0);
}

async function main() {
  install();
  const python = await ensurePythonEnv(join(EXAMPLE, '.venv'), join(EXAMPLE, 'requirements.txt'), say);
  rmSync(STATE, { recursive: true, force: true });
  const env = { ...process.env, WHERRY_CPU_LOG: cpuLog };

  title('wherry emulate: ECS, CloudWatch Logs and S3 on this machine');
  const emulator = await startEmulator(env);
  try {
    for (const [name, value] of Object.entries(emulator.variables).filter(([name]) => name.includes('ENDPOINT')))
      say(`${name}=${value}`);
    title(`wherry plan -C ${shown} -e fargate`);
    if (show(process.execPath, [wherry, 'plan', '-C', EXAMPLE, '-e', 'fargate'], env) !== 0) return 1;
    title(`wherry run -C ${shown} -e fargate --engine aws-fargate --emulate`);
    if (
      show(
        process.execPath,
        [wherry, 'run', '-C', EXAMPLE, '-e', 'fargate', '--engine', 'aws-fargate', '--emulate'],
        env,
      ) !== 0
    )
      return 1;

    title('the same as plain kedro run?');
    const expected = plainRun(python);
    const access = {
      AWS_ACCESS_KEY_ID: 'emulated',
      AWS_SECRET_ACCESS_KEY: 'emulated',
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
    };
    const { AWS_PROFILE: _, ...inherited } = process.env;
    const reader = { ...inherited, ...access, ...emulator.variables, DO_NOT_TRACK: '1' };
    if (options.delete !== undefined) deleteObject(options.delete, python, reader);
    const { events } = newestRun();
    const compare = [
      join(root, 'scripts', 'compare-outputs.py'),
      '--project',
      EXAMPLE,
      '--expected-project',
      expected,
      '--actual-env',
      'fargate',
      '--model-input',
      'demand.model=demand.features',
      // A version that an earlier run left must not stand in for this one's.
      '--version',
      events.find(({ event }) => event === 'run-started').saveVersion,
    ];
    if (show(python, compare, reader) !== 0) return 1;
  } finally {
    await emulator.stop();
  }
  const { runId, events } = newestRun();
  title('done');
  printCpu(userCpu(events));
  say(`logs: ${shown}/.wherry/runs/${runId}/logs    data: ${shown}/.wherry/emulator/s3`);
  say('\nTry next:');
  say(`  bin/wherry logs -C ${shown}`);
  say(`  bin/wherry run -C ${shown} -e fargate --engine aws-fargate --emulate --grouping node`);
  say(`  bin/wherry run -C YOUR-KEDRO-PROJECT`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
