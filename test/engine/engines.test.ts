import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulatedAccount, fillInForEmulator, prepareEmulatedAccount } from '../../src/cli/emulated-account.ts';
import { useEmulator } from '../../src/cli/emulator-process.ts';
import { type Host, realHost } from '../../src/cli/host.ts';
import { type Prepared, prepare, sha256 } from '../../src/cli/prepare.ts';
import { fargateEngine } from '../../src/engine/aws-fargate/aws-fargate.ts';
import { localEngine } from '../../src/engine/local/local.ts';
import { examplePython, root, tinyProject } from '../support/cli.ts';
import { describeEngine } from './contract.ts';

const host: Host = realHost();

async function preparedTiny(folder: string, pipeline: string, env: string | undefined): Promise<Prepared> {
  const options = {
    project: folder,
    pipeline,
    color: false,
    grouping: 'node' as const,
    python: await examplePython(),
    ...(env === undefined ? {} : { env }),
  };
  const preparation = await prepare(options, host, env === undefined ? undefined : fillInForEmulator);
  if (!preparation.ready) throw new Error(JSON.stringify(preparation.diagnostics));
  return preparation.prepared;
}

describeEngine('local', async () => {
  const project = await tinyProject();
  const failing = await preparedTiny(project.folder, 'failing', undefined);
  const slow = await preparedTiny(project.folder, 'slow', undefined);
  const step = join(root, 'bridge', 'step.py');
  return {
    engine: localEngine({
      root: project.folder,
      python: failing.python,
      path: process.env['PATH'] ?? '',
      credentials: {},
      step,
      spill: failing.spill ?? '',
      now: Date.now,
    }),
    plans: { failing: failing.plan, slow: slow.plan },
    close: () => project[Symbol.asyncDispose](),
  };
});

describeEngine('aws-fargate on the emulator', async () => {
  const project = await tinyProject();
  const failing = await preparedTiny(project.folder, 'failing', 'fargate');
  const slow = await preparedTiny(project.folder, 'slow', 'fargate');
  const emulator = await useEmulator(join(project.folder, '.wherry', 'emulator'), host);
  if ('complaint' in emulator) throw new Error(emulator.complaint);
  const account = emulatedAccount(emulator.endpoints, 'eu-central-1');
  await emulator.mapImage(failing.settings.image ?? '', project.folder, failing.python);
  await prepareEmulatedAccount({ account, ...failing });
  const read = (name: string) => readFileSync(join(root, 'bridge', name), 'utf8');
  return {
    engine: fargateEngine({
      account,
      delivery: {
        account,
        settings: failing.settings,
        projectName: failing.project.name,
        spill: failing.spill,
        step: read('step.py'),
        bootstrap: read('bootstrap.py'),
        sha256,
        tell: () => {},
        say: () => {},
      },
      sha256,
      now: Date.now,
      limit: undefined,
      say: () => {},
      capacity: () => 4,
      logLagMs: 100,
    }),
    plans: { failing: failing.plan, slow: slow.plan },
    close: async () => {
      await emulator.stop();
      await project[Symbol.asyncDispose]();
    },
  };
});
