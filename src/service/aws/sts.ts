import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type AwsAccount, clientOptions } from './account.ts';
import { type Answer, ask } from './call.ts';

export interface CallerIdentity {
  /** Twelve digits. */
  readonly accountId: string;
  /** Whose credentials they are. */
  readonly arn: string;
}

/** Whom AWS takes the caller for. Everybody may ask. */
export async function callerIdentity(account: AwsAccount): Promise<Answer<CallerIdentity>> {
  const endpoint = account.endpoints.sts;
  const client = new STSClient(clientOptions(account, endpoint));
  const answer = await ask(
    { service: 'sts', operation: 'GetCallerIdentity', endpoint, report: account.report },
    async () => {
      const { Account, Arn } = await client.send(new GetCallerIdentityCommand());
      return { accountId: Account ?? '', arn: Arn ?? '' };
    },
  );
  client.destroy();
  return answer;
}
