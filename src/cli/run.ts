import { randomBytes } from 'node:crypto';
import { begunWith } from './begun-with.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import { drive } from './drive.ts';
import { newSetup } from './engine-setup.ts';
import { readFaults } from './faults-file.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import { reportFindings, seriousOf } from './report-findings.ts';

export interface RunOptions extends PrepareOptions {
  readonly emulate?: boolean;
  readonly faults?: string;
}

type Input = CommandInput<RunOptions>;

export async function run(input: Input): Promise<number> {
  const { options, host } = input;
  if (options.emulate && options.engine === 'local')
    throw new UsageError('--emulate stands for AWS: it goes with --engine aws-fargate');
  const faults = await readFaults(options, host);
  const preparation = await prepareRun(input);
  if (reportFindings(seriousOf(preparation), options, host) || !preparation.ready) return EXIT.problems;
  const { prepared } = preparation;
  const setup = await newSetup(prepared, { isEmulated: options.emulate === true, faults, options, host });
  if (typeof setup === 'number') return setup;
  const { plan } = prepared;
  const launch = { ...setup.launch, begunWith: await begunWith(plan, preparation.inputs, input) };
  const runId = newRunId(host.now());
  return drive({ runId, plan, setup: { ...setup, launch }, resumed: undefined }, input).finally(setup.close);
}

async function prepareRun({ options, host }: Input) {
  if (!options.emulate) return prepare(options, host);
  const { fillInForEmulator, notEmulated } = await import('./emulated-account.ts');
  return prepare({ ...options, engine: 'aws-fargate' }, host, (settings, project) => {
    for (const line of notEmulated(settings)) host.err(`${line}\n`);
    return fillInForEmulator(settings, project);
  });
}

/** `YYYYMMDDThhmmss-xxxxxx`: sorts by time, and two at once differ. */
function newRunId(now: number): string {
  const date = new Date(now).toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${date}-${randomBytes(3).toString('hex')}`;
}
