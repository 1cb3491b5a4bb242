import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { s3Python } from './python.ts';

export interface S3Server {
  /** Where it listens. */
  readonly url: string;
  /** Settles when it has ended, by itself or because it was asked. */
  readonly ended: Promise<void>;
  /** Lets it ask there, before it answers a request, what is to go wrong; with undefined no more. */
  askAt(url: string | undefined): Promise<void>;
  stop(): void;
}

interface Options {
  readonly folder: string;
  readonly region: string;
  /** `--s3-python`. */
  readonly python: string | undefined;
  readonly say: (line: string) => void;
}

/** Starts the S3 server. Throws with one sentence when it cannot. */
export async function startS3(options: Options): Promise<S3Server> {
  const python = await s3Python({ given: options.python, requirements: shipped('requirements.txt'), say: options.say });
  const args = [shipped('serve.py'), '--folder', options.folder, '--region', options.region];
  // It ends when its standard input closes, so even a killed emulator takes it along.
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await portOf(child, python);
  child.stderr?.on('data', (chunk: Buffer) => options.say(`s3: ${chunk.toString().trimEnd()}`));
  const url = `http://127.0.0.1:${port}`;
  const askAt = async (where: string | undefined) => {
    await fetch(`${url}/_emulator/ask`, { method: 'PUT', body: where ?? '' });
  };
  return { url, ended, askAt, stop: () => child.stdin?.end() };
}

function portOf(child: ChildProcess, python: string): Promise<number> {
  let written = '';
  let complaint = '';
  const complain = (chunk: Buffer) => {
    complaint += chunk;
  };
  child.stderr?.on('data', complain);
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new Error(
          `the S3 server does not start with ${python}: ${why}. Name a Python that has the packages of ` +
            `${shipped('requirements.txt')} with --s3-python or WHERRY_S3_PYTHON, or none, to have one made`,
        ),
      );
    child.once('error', (error) => fail(error.message));
    child.once('close', () => fail(complaint.trim().split('\n').at(-1) ?? 'it ended without a word'));
    child.stdout?.on('data', (chunk: Buffer) => {
      written += chunk;
      if (!written.includes('\n')) return;
      child.stderr?.off('data', complain);
      resolve((JSON.parse(written) as { port: number }).port);
    });
  });
}

/** A file of this folder: beside this one in the sources, in emulator/s3/ seen from the bundle. */
function shipped(name: string): string {
  const candidates = [`./${name}`, `../emulator/s3/${name}`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return candidates.find((path) => existsSync(path)) ?? (candidates[0] as string);
}
