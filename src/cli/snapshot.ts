import { hasErrors } from '../diagnostics/diagnostic.ts';
import { describeKedro, interpretDescription, kedroLoader } from '../load/kedro/load.ts';
import { recorder } from '../store/recorder.ts';
import type { CacheOptions } from './answer-cache.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import { loadRequest } from './prepare.ts';
import { projectFolder } from './project-folder.ts';
import { reportFindings } from './report-findings.ts';

/** All that Wherry asks Python for, as one file: with it, `check`, `plan` and `compile` need none. */
export async function snapshot({ options, host }: CommandInput<CacheOptions>): Promise<number> {
  const root = await projectFolder(options, host);
  const request = loadRequest(root, options, { host, record: recorder(host.env) });
  if (!kedroLoader.recognises(request))
    throw new UsageError(`there is no Kedro project in ${root}, and only those need Python to be read`);
  const described = await describeKedro(request);
  const loaded = 'description' in described ? interpretDescription(described.description, described) : described;
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  reportFindings(loaded.diagnostics, options, host);
  if (hasErrors(loaded.diagnostics) || !('description' in described)) return EXIT.problems;
  host.out(`${JSON.stringify(described.description, undefined, 2)}\n`);
  return EXIT.fine;
}
