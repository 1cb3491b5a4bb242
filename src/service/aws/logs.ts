import { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ok } from '../../util/result.ts';
import { type AwsAccount, clientOptions } from './account.ts';
import { type Answer, ask } from './call.ts';

export interface LogStreamPage {
  readonly lines: readonly { readonly at: number; readonly text: string }[];
  readonly nextToken: string | undefined;
}

/** The calls to CloudWatch Logs that Wherry makes. */
export interface LogsService {
  /** A group that is there already is no error. */
  createGroup(name: string): Promise<Answer<void>>;
  /** A page of one stream from its start, or after `token`. A stream that is not there yet reads as empty. */
  read(group: string, stream: string, token: string | undefined): Promise<Answer<LogStreamPage>>;
  close(): void;
}

export function logsService(account: AwsAccount): LogsService {
  const endpoint = account.endpoints.logs;
  const client = new CloudWatchLogsClient(clientOptions(account, endpoint));
  const call = <T>(operation: string, send: () => Promise<T>) =>
    ask({ service: 'logs', operation, endpoint, report: account.report }, send);
  return {
    createGroup: async (logGroupName) => {
      const answer = await call(
        'CreateLogGroup',
        async () => void (await client.send(new CreateLogGroupCommand({ logGroupName }))),
      );
      return !answer.ok && answer.error.code === 'ResourceAlreadyExistsException' ? ok(undefined) : answer;
    },
    read: async (logGroupName, logStreamName, nextToken) => {
      const answer = await call('GetLogEvents', async (): Promise<LogStreamPage> => {
        const page = await client.send(
          new GetLogEventsCommand({
            logGroupName,
            logStreamName,
            startFromHead: true,
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
        );
        const lines = (page.events ?? []).map(({ timestamp, message }) => ({
          at: timestamp ?? 0,
          text: message ?? '',
        }));
        return { lines, nextToken: page.nextForwardToken };
      });
      // The stream comes into being with its first line.
      return !answer.ok && answer.error.code === 'ResourceNotFoundException' ? ok({ lines: [], nextToken }) : answer;
    },
    close: () => client.destroy(),
  };
}
