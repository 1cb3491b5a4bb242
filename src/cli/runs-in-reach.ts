import { accountFrom, accountOfRun } from './aws-account.ts';
import { checkAccount } from './check-account.ts';
import type { CommandInput, GlobalOptions } from './command.ts';
import { type FoundRun, openRunStore, ownRuns } from './run-store.ts';
import { settingsWithoutProject } from './settings-without-project.ts';

/**
 * The runs of this machine, but those of other AWS accounts than today's, and those on the embedded emulator, which leave
 * nothing behind that costs anything. Says which account it is; the exit status, where it is not to be worked in.
 */
export async function runsInReach({ options, host }: CommandInput<GlobalOptions>): Promise<FoundRun[] | number> {
  const { execution_engine: engine, allowed_account_ids: ids } = await settingsWithoutProject(options, host);
  const all = await ownRuns(await openRunStore(options, host), host);
  const own = all.filter(({ launch }) => launch !== undefined && launch.emulated === undefined);
  const onAws = own.flatMap(({ launch }) => (launch?.engine === 'aws-fargate' ? launch : []));
  const [newest] = onAws;
  if (engine.type !== 'aws-fargate' && newest === undefined) return own;
  const account = await (engine.type === 'aws-fargate' || newest === undefined
    ? accountFrom(engine, options, host)
    : accountOfRun(newest, options, host));
  const where = engine.type === 'aws-fargate' ? `cluster ${engine.cluster ?? 'default'}` : 'clusters of earlier runs';
  const checked = await checkAccount({ account, allowed: { ids, by: 'allowed_account_ids has' }, where }, host);
  if (typeof checked === 'number') return checked;
  const isHere = (accountId: string | undefined) =>
    [accountId, checked.id].includes(undefined) || accountId === checked.id;
  const elsewhere = new Set(onAws.map(({ accountId }) => accountId).filter((id) => !isHere(id)));
  if (elsewhere.size > 0) host.err(`runs in other accounts are not looked at: ${[...elsewhere].join(', ')}\n`);
  return own.filter(({ launch }) => isHere(launch?.accountId));
}
