import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandInput, EXIT } from './command.ts';
import { emulatorScript } from './emulator-process.ts';
import { projectFolder } from './project-folder.ts';

interface EmulateOptions {
  readonly port?: string;
  readonly stateDir?: string;
  readonly driver?: string;
  readonly secrets?: string;
  readonly logRate?: string;
  readonly image?: readonly string[];
  readonly timeScale?: string;
  readonly advance?: string;
  readonly faults?: string;
}

/** Runs the emulator in the foreground until it ends. */
export async function emulate({ options, host }: CommandInput<EmulateOptions>): Promise<number> {
  const root = await projectFolder(options, host);
  const flags = Object.entries({
    '--port': options.port,
    '--state-dir': options.stateDir ?? join(root, '.wherry', 'emulator'),
    '--driver': options.driver,
    '--secrets': options.secrets,
    '--log-rate': options.logRate,
    '--time-scale': options.timeScale,
    '--advance': options.advance,
    '--faults': options.faults,
  });
  const words = [
    ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(options.image ?? []).flatMap((image) => ['--image', image]),
  ];
  const child = spawn(process.execPath, [emulatorScript(host), ...words, '--exit-with-parent'], {
    cwd: host.cwd,
    env: host.env as NodeJS.ProcessEnv,
    // It ends when this pipe closes, so that it cannot be left behind.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8').on('data', host.out);
  child.stdout.once('end', endStandardOutput);
  host.interrupted.addEventListener('abort', () => child.kill('SIGTERM'));
  const status = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? EXIT.bug)));
  return host.interrupted.aborted && status === 0 ? EXIT.fine : status;
}

/** As the emulator does once it has said where it listens: `eval "$(wherry emulate &)"` waits for the end of the output. */
function endStandardOutput(): void {
  closeSync(1);
  // The number is taken at once, so that no file opened later is mistaken for standard output.
  openSync('/dev/null', 'w');
}
