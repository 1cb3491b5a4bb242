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

/** The calls to CloudWatch Logs that Wherry makes. */
export interface LogsService {
  /** A group that is there already is no error. */
  createGroup(name: string): Promise<Answer<void>>;
  /** All events from an instant on, by time. Undefined where the group, or a stream that is named, is not there. */
  filter(group: LogGroup, streams: Streams, from: number): Promise<Answer<LogEvent[] | undefined>>;
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
    filter: async ({ name: logGroupName, region }, streams, startTime) => {
      const chosen =
        'names' in streams ? { logStreamNames: [...streams.names] } : { logStreamNamePrefix: streams.prefix };
      const events: LogEvent[] = [];
      let nextToken: string | undefined;
      do {
        const page = await call('FilterLogEvents', () =>
          clientIn(region).send(new FilterLogEventsCommand({ logGroupName, ...chosen, startTime, nextToken })),
        );
        if (!page.ok) return page.error.code === 'ResourceNotFoundException' ? ok(undefined) : page;
        for (const { eventId, logStreamName, timestamp, message } of page.value.events ?? [])
          events.push({ id: eventId ?? '', stream: logStreamName ?? '', at: timestamp ?? 0, text: message ?? '' });
        // A page may be empty and still not be the last.
        nextToken = page.value.nextToken;
      } while (nextToken !== undefined);
      return ok(events);
    },
    close: () => {
      for (const client of clients.values()) client.destroy();
    },
  };
}
