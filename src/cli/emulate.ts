import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type CommandInput, EXIT } from './command.ts';
import { emulatorScript } from './emulator-process.ts';
import { projectFolder } from './prepare.ts';

interface EmulateOptions {
  readonly port?: string;
  readonly stateDir?: string;
  readonly image?: readonly string[];
  readonly timeScale?: string;
}

/** Runs the emulator in the foreground, its output as it is. */
export async function emulate({ options, host }: CommandInput<EmulateOptions>): Promise<number> {
  const root = await projectFolder(options, host);
  const flags = Object.entries({
    '--port': options.port,
    '--state-dir': options.stateDir ?? join(root, '.wherry', 'emulator'),
    '--time-scale': options.timeScale,
  });
  const words = [
    ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(options.image ?? []).flatMap((image) => ['--image', image]),
  ];
  const child = spawn(process.execPath, [emulatorScript(host), ...words, '--exit-with-parent'], {
    cwd: host.cwd,
    env: host.env as NodeJS.ProcessEnv,
    // It ends when this pipe closes, so that it cannot be left behind.
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  host.interrupted.addEventListener('abort', () => child.kill('SIGTERM'));
  const status = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? EXIT.bug)));
  return host.interrupted.aborted && status === 0 ? EXIT.fine : status;
}
