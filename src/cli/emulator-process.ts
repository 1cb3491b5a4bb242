import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.ts';

export interface EmulatorEndpoints {
  readonly ecs: string;
  readonly logs: string;
  readonly s3: string;
}

/** An emulator that answers: one of ours, or one that was running for this state folder already. */
export interface RunningEmulator {
  readonly endpoints: EmulatorEndpoints;
  /** Tells it which folder and Python a container of `ref` is. */
  mapImage(ref: string, folder: string, python: string): Promise<void>;
  /** Ends it, its containers and its S3 server; one that was there before stays. */
  stop(): Promise<void>;
}

export function emulatorScript({ packageRoot }: Host): string {
  return join(packageRoot, 'dist', 'emulator.js');
}

/** The emulator that holds `stateDir`, started where none does. Its complaint, where it could not be started. */
export async function useEmulator(
  stateDir: string,
  host: Host,
): Promise<RunningEmulator | { readonly complaint: string }> {
  const running = await findRunning(stateDir);
  return running !== undefined ? { ...running, stop: async () => {} } : start(stateDir, host);
}

async function findRunning(stateDir: string): Promise<Omit<RunningEmulator, 'stop'> | undefined> {
  const text = await readFile(join(stateDir, 'emulator.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { endpoints } = JSON.parse(text) as { endpoints: EmulatorEndpoints };
  const health = await fetch(`${endpoints.ecs}/_emulator/health`).catch(() => undefined);
  return health?.ok ? { endpoints, mapImage: imageMapper(endpoints) } : undefined;
}

async function start(stateDir: string, host: Host): Promise<RunningEmulator | { readonly complaint: string }> {
  const child = spawn(process.execPath, [emulatorScript(host), '--state-dir', stateDir, '--exit-with-parent'], {
    env: host.env as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C is for the run: the emulator must outlive the stopping of its tasks.
    detached: true,
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
    if (/^(installing|emulator: installing)/im.test(text)) host.err(text);
  });
  const variables = await readExports(child.stdout);
  const ecs = variables.get('AWS_ENDPOINT_URL_ECS');
  const logs = variables.get('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS');
  const s3 = variables.get('AWS_ENDPOINT_URL_S3');
  if (ecs === undefined || logs === undefined || s3 === undefined) {
    await exited;
    return { complaint: said.trim() || 'it said nothing' };
  }
  const endpoints = { ecs, logs, s3 };
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { endpoints, mapImage: imageMapper(endpoints), stop };
}

/** `export NAME=value` lines until the stream ends or the last of them has come. */
async function readExports(stream: NodeJS.ReadableStream): Promise<Map<string, string>> {
  const variables = new Map<string, string>();
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    for (const [, name = '', value = ''] of text.matchAll(/^export (\w+)=(.*)\n/gm))
      variables.set(name, value.replace(/^'(.*)'$/, '$1'));
    if (
      variables.has('AWS_ENDPOINT_URL_S3') &&
      variables.has('AWS_ENDPOINT_URL_ECS') &&
      variables.has('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS')
    )
      break;
  }
  return variables;
}

function imageMapper({ ecs }: EmulatorEndpoints): RunningEmulator['mapImage'] {
  return async (ref, dir, python) => {
    const answer = await fetch(`${ecs}/_emulator/images`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ref, dir, python }),
    });
    if (!answer.ok) throw new Error(`the emulator refused the image ${ref}: ${await answer.text()}`);
  };
}
