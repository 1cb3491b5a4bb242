import { CloudWatchLogsClient, CreateLogGroupCommand, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ok } from '../../util/result.ts';
import { type AwsAccount, clientOptions } from './account.ts';
import { type Answer, ask } from './call.ts';
import type { Limiter } from './rates.ts';

export interface LogEvent {
  readonly id: string;
  readonly stream: string;
  /** Milliseconds since the epoch, by the clock of who wrote it. */
  readonly at: number;
  readonly text: string;
}

export interface LogGroup {
  readonly name: string;
  /** Where it is; undefined in the region of the account. */
  readonly region?: string | undefined;
}

/** Streams of a group: some that are there, or all whose name begins so. */
export type Streams = { readonly names: readonly string[] } | { readonly prefix: string };

/** All events of these streams from an instant on, by time. */
export interface WantedEvents {
  readonly group: LogGroup;
  readonly streams: Streams;
  readonly from: number;
}

/** The calls to CloudWatch Logs that Wherry makes. */
export interface LogsService {
  /** A group that is there already is no error. */
  createGroup(name: string): Promise<Answer<void>>;
  /** Hands over what is asked for, page after page. False where the group, or a stream that is named, is not there. */
  filter(wanted: WantedEvents, take: (events: readonly LogEvent[]) => void): Promise<Answer<boolean>>;
  close(): void;
}

/** The most streams that one FilterLogEvents takes by name. */
export const FILTER_LIMIT = 100;

export function logsService(account: AwsAccount, limit?: Limiter): LogsService {
  const endpoint = account.endpoints.logs;
  const clients = new Map<string, CloudWatchLogsClient>();
  const clientIn = (region = account.region) => {
    const client = clients.get(region) ?? new CloudWatchLogsClient(clientOptions({ ...account, region }, endpoint));
    clients.set(region, client);
    return client;
  };
  const call = <T>(operation: string, send: () => Promise<T>) =>
    ask({ service: 'logs', operation, endpoint, limit, report: account.report }, send);
  return {
    createGroup: async (logGroupName) => {
      const answer = await call(
        'CreateLogGroup',
        async () => void (await clientIn().send(new CreateLogGroupCommand({ logGroupName }))),
      );
      return !answer.ok && answer.error.code === 'ResourceAlreadyExistsException' ? ok(undefined) : answer;
    },
    filter: async ({ group: { name: logGroupName, region }, streams, from: startTime }, take) => {
      const chosen =
        'names' in streams ? { logStreamNames: [...streams.names] } : { logStreamNamePrefix: streams.prefix };
      let nextToken: string | undefined;
      do {
        const page = await call('FilterLogEvents', () =>
          clientIn(region).send(new FilterLogEventsCommand({ logGroupName, ...chosen, startTime, nextToken })),
        );
        if (!page.ok) return page.error.code === 'ResourceNotFoundException' ? ok(false) : page;
        take(
          (page.value.events ?? []).map(({ eventId = '', logStreamName = '', timestamp = 0, message = '' }) => {
            return { id: eventId, stream: logStreamName, at: timestamp, text: message };
          }),
        );
        // A page may be empty and still not be the last.
        nextToken = page.value.nextToken;
      } while (nextToken !== undefined);
      return ok(true);
    },
    close: () => {
      for (const client of clients.values()) client.destroy();
    },
  };
}
