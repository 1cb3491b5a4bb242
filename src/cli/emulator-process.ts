import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.ts';

export interface EmulatorEndpoints {
  readonly ecs: string;
  readonly logs: string;
  readonly s3: string;
}

/** An emulator that answers and that this process holds: one of ours, or one that was running for this state folder. */
export interface RunningEmulator {
  readonly endpoints: EmulatorEndpoints;
  /** Tells it which folder and Python a container of `ref` is. */
  mapImage(ref: string, folder: string, python: string): Promise<void>;
  /** Lets go wrong what the YAML says, and with undefined nothing. A complaint where the text is wrong. */
  setFaults(text: string | undefined): Promise<string | undefined>;
  /** Lets it go. One that we started then ends, with its containers and its S3 server, unless another run holds it. */
  stop(): Promise<void>;
}

interface Complaint {
  readonly complaint: string;
}

/** How long an emulator of another run, which has the state folder, may take until it answers or has ended. */
const OTHER_RUN_MS = 120_000;
const PAUSE_MS = 200;

export function emulatorScript({ packageRoot }: Host): string {
  return join(packageRoot, 'dist', 'emulator.js');
}

/** The emulator that has `stateDir`, started where none does. Its complaint, where it could not be started. */
export async function useEmulator(stateDir: string, host: Host): Promise<RunningEmulator | Complaint> {
  const giveUpAt = host.now() + OTHER_RUN_MS;
  for (;;) {
    const running = await holdRunning(stateDir);
    if (running !== undefined) return running;
    const started = await start(stateDir, host);
    // Another run may have been quicker: its emulator will answer soon, or is just ending.
    const isTaken = 'complaint' in started && started.complaint.includes('is in use by the emulator');
    if (!isTaken || host.interrupted.aborted || host.now() > giveUpAt) return started;
    await host.sleep(PAUSE_MS);
  }
}

async function holdRunning(stateDir: string): Promise<RunningEmulator | undefined> {
  const text = await readFile(join(stateDir, 'emulator.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { endpoints } = JSON.parse(text) as { endpoints: EmulatorEndpoints };
  const letGo = await hold(endpoints);
  return letGo && { endpoints, ...controlOf(endpoints), stop: async () => letGo() };
}

/** A connection that keeps the emulator from ending. Undefined where no emulator answers. */
async function hold({ ecs }: EmulatorEndpoints): Promise<(() => void) | undefined> {
  const controller = new AbortController();
  const held = await fetch(`${ecs}/_emulator/hold`, { signal: controller.signal }).catch(() => undefined);
  return held?.ok ? () => controller.abort() : undefined;
}

async function start(stateDir: string, host: Host): Promise<RunningEmulator | Complaint> {
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
  return { endpoints, ...controlOf(endpoints), stop: () => leave(child, { endpoints, exited }) };
}

/** Ours ends when its standard input closes: now, or when the last other run lets it go. */
async function leave(
  child: ChildProcess,
  { endpoints, exited }: { endpoints: EmulatorEndpoints; exited: Promise<void> },
): Promise<void> {
  // Asked while it surely lives: a request to a server that is just ending may never be answered.
  const health = await fetch(`${endpoints.ecs}/_emulator/health`).catch(() => undefined);
  const { holders } = health?.ok ? ((await health.json()) as { holders: number }) : { holders: 0 };
  child.stdin?.end();
  if (holders === 0) return exited;
  child.unref();
  child.stdout?.destroy();
  child.stderr?.destroy();
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

function controlOf({ ecs }: EmulatorEndpoints): Pick<RunningEmulator, 'mapImage' | 'setFaults'> {
  return {
    async mapImage(ref, dir, python) {
      const answer = await fetch(`${ecs}/_emulator/images`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ref, dir, python }),
      });
      if (!answer.ok) throw new Error(`the emulator refused the image ${ref}: ${await answer.text()}`);
    },
    async setFaults(text) {
      const request = text === undefined ? { method: 'DELETE' } : { method: 'PUT', body: text };
      const answer = await fetch(`${ecs}/_emulator/faults`, request);
      return answer.ok ? undefined : ((await answer.json()) as { message: string }).message;
    },
  };
}
