import type { AwsAccount } from '../service/aws/account.ts';
import { EXIT } from './command.ts';
import type { Host } from './host.ts';
import { reportTrouble } from './report-trouble.ts';

interface Intent {
  readonly account: AwsAccount;
  /** Ids, and what says that they are: `allowed_account_ids allows`. None: any account. */
  readonly allowed: { readonly ids: readonly string[]; readonly by: string };
  /** `cluster ml`: what is worked on. */
  readonly where: string;
}

/**
 * Says in which account something will be changed, before anything is. The account's id, undefined where nobody could
 * tell it and any is allowed; or the exit status, where it must not be this one, or the credentials are no good.
 */
export async function checkAccount(
  { account, allowed, where }: Intent,
  host: Host,
): Promise<{ readonly id: string | undefined } | number> {
  const { callerIdentity } = await import('../service/aws/sts.ts');
  const identity = await callerIdentity(account);
  if (!identity.ok) {
    if (identity.error.kind === 'credentials' || allowed.ids.length > 0) return reportTrouble(identity.error, host);
    host.err(`account unknown (${identity.error.detail}), region ${account.region}, ${where}\n`);
    return { id: undefined };
  }
  const { accountId, arn } = identity.value;
  if (allowed.ids.length > 0 && !allowed.ids.includes(accountId)) {
    host.err(
      `wherry: the credentials are of account ${accountId} (${arn}), and ${allowed.by} ${allowed.ids.join(', ')}\n  nothing was changed. Choose others with --profile or AWS_PROFILE\n`,
    );
    return EXIT.problems;
  }
  host.err(`account ${accountId} as ${arn}, region ${account.region}, ${where}\n`);
  return { id: accountId };
}
