import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { useEmulator } from '../../src/cli/emulator-process.ts';
import { realHost } from '../../src/cli/host.ts';
import { root } from './cli.ts';

interface PythonOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

export function runPython(python: string, words: readonly string[], { cwd = root, env = {} }: PythonOptions = {}) {
  return new Promise<{ status: number; output: string }>((resolve) => {
    const options = { cwd, env: { ...process.env, DO_NOT_TRACK: '1', ...env }, maxBuffer: 1 << 26 };
    execFile(python, words, options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

export interface Comparison {
  readonly python: string;
  readonly project: string;
  /** A copy of the project in which plain `kedro run` was run. */
  readonly expected: string;
  readonly env: string;
  readonly paths: object;
  /** For each model the dataset that it predicts from. */
  readonly models: Readonly<Record<string, string>>;
}

/** Compares by value what is on the project's emulated S3 with what plain `kedro run` left on disk. */
export async function compareOutputs({ python, project, expected, env, paths, models }: Comparison) {
  const emulator = await useEmulator(join(project, '.wherry', 'emulator'), realHost());
  assert.ok(!('complaint' in emulator), JSON.stringify(emulator));
  try {
    const access = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_S3: emulator.endpoints.s3,
    };
    const words = [
      'scripts/compare-outputs.py',
      '--project',
      project,
      '--expected-project',
      expected,
      '--actual-env',
      env,
    ];
    const inputs = Object.entries(models).flatMap(([model, dataset]) => ['--model-input', `${model}=${dataset}`]);
    return await runPython(python, [...words, '--paths', JSON.stringify(paths), ...inputs], { env: access });
  } finally {
    await emulator.stop();
  }
}
