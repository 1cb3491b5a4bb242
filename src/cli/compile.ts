import { join, resolve } from 'node:path';
import { deflateSync } from 'node:zlib';
import { neededDefinitions } from '../fargate/needed-definitions.ts';
import type { TargetId } from '../model/target-id.ts';
import { writeWhole } from '../store/write-whole.ts';
import { airflow } from '../target/airflow/airflow.ts';
import { hasMarker } from '../target/marker.ts';
import type { Artifact, Target } from '../target/target.ts';
import { accountFrom, fargateOptions } from './aws-account.ts';
import { checkAccount } from './check-account.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { type Prepared, type PrepareOptions, prepare, sha256 } from './prepare.ts';
import { readBridge } from './read-bridge.ts';
import { reportFindings, seriousOf } from './report-findings.ts';
import { reportTrouble } from './report-trouble.ts';
import { difference, readIfThere } from './write-file.ts';

interface CompileOptions extends PrepareOptions {
  readonly output?: string;
  readonly check?: boolean;
  readonly publish?: boolean;
}

type Input = CommandInput<CompileOptions>;

const TARGETS: Readonly<Record<TargetId, Target>> = { airflow };

/** A file to write, and what stands there now. */
interface Change extends Artifact {
  readonly file: string;
  readonly before: string | undefined;
}

/** Writes the files by which another system runs the plan. */
export async function compile(input: Input): Promise<number> {
  const { options, host } = input;
  if (options.check && options.publish) throw new UsageError('--check changes nothing, and --publish does: choose one');
  const target = TARGETS[options.target ?? 'airflow'];
  const preparation = await prepare({ ...options, target: target.id }, host);
  if (reportFindings(seriousOf(preparation), options, host) || !preparation.ready) return EXIT.problems;
  const { prepared } = preparation;
  const published = options.publish ? await publishPlan(prepared, input) : { revisions: new Map<string, string>() };
  if ('status' in published) return published.status;

  const artifacts = target.compile({
    ...prepared,
    // Not the environment's: the same project must give the same bytes on every machine.
    region: options.region ?? prepared.settings.execution_engine.region,
    revisions: pinnedRevisions(prepared, published.revisions),
    ...(await programs(host)),
    sha256,
    deflate: (text) => deflateSync(text).toString('base64'),
  });
  const folder = resolve(prepared.project.root, options.output ?? target.outputFolder);
  const changes = await Promise.all(artifacts.map((artifact) => compare(artifact, folder)));
  return options.check ? showDifferences(changes, host) : write(changes, host);
}

async function programs(host: Host) {
  const { step, bootstrap } = await readBridge(host);
  return { bootstrap, stepHash: sha256(step) };
}

async function publishPlan(prepared: Prepared, { options, host }: Input) {
  const { publish } = await import('../engine/aws-fargate/publish.ts');
  const { settings, spill } = prepared;
  const account = await accountFrom(settings.execution_engine, options, host);
  const allowed = { ids: settings.allowed_account_ids, by: 'allowed_account_ids has' };
  const checked = await checkAccount({ account, allowed, where: `spill ${spill ?? 'none'}` }, host);
  if (typeof checked === 'number') return { status: checked };
  const published = await publish(await fargateOptions(account, prepared, { options, host }), prepared.plan);
  if (!published.ok) return { status: reportTrouble(published.error, host) };
  const definitions = [...published.value.values()];
  for (const { name, isNew } of definitions)
    host.err(`task definition ${name}${isNew ? ' registered' : ' is as it should be'}\n`);
  if (spill !== undefined) host.err(`step and plan are at ${spill}\n`);
  return { revisions: new Map(definitions.map(({ name }) => [name.replace(/:\d+$/, ''), name])) };
}

/** `family:revision` by family, where the settings ask for the ones that are known now. */
function pinnedRevisions({ plan, settings }: Prepared, published: ReadonlyMap<string, string>) {
  if (settings.airflow.revision === 'at-run') return new Map<string, string>();
  const families = neededDefinitions(plan, settings, sha256).map(({ family }) => family);
  if (families.some((family) => !published.has(family) && !/:\d+$/.test(family))) {
    throw new UsageError(
      "airflow.revision is 'pinned' and no revision is known: compile with --publish, or name one in execution_engine.task_definition (family:3)",
    );
  }
  return published;
}

async function compare(artifact: Artifact, folder: string): Promise<Change> {
  const file = join(folder, artifact.path);
  return { ...artifact, file, before: await readIfThere(file) };
}

async function showDifferences(changes: readonly Change[], host: Host): Promise<number> {
  const stale = changes.filter(({ before, content }) => before !== content);
  if (stale.length === 0) return EXIT.fine;
  for (const { file, before, content } of stale) host.out(await difference(file, before, content));
  host.err(`${stale.length} of ${changes.length} files differ: run the same command without --check to write them\n`);
  return EXIT.problems;
}

/** All or nothing: a file of somebody else's stops it before the first is written. */
async function write(changes: readonly Change[], host: Host): Promise<number> {
  const foreign = changes.find(({ before }) => before !== undefined && !hasMarker(before));
  if (foreign !== undefined) {
    throw new UsageError(
      `${foreign.file} was not written by wherry (its first line has no marker) and is left as it is: move it away, or name another folder with -o`,
    );
  }
  for (const { file, before, content } of changes) {
    if (before !== content) await writeWhole(file, content);
    host.out(`${file}${before === content ? ' (unchanged)' : ''}\n`);
  }
  return EXIT.fine;
}
