import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { batches } from '../../util/batches.ts';
import { failed, ok } from '../../util/result.ts';
import { type AwsAccount, clientOptions } from './account.ts';
import { type Answer, ask } from './call.ts';

/** The calls to S3 that Wherry makes. Objects are named by their `s3://bucket/key` URL. */
export interface S3Service {
  /** A bucket of one's own that is there already is no error. */
  createBucket(name: string): Promise<Answer<void>>;
  exists(url: string): Promise<Answer<boolean>>;
  /** Undefined where there is no such object. */
  get(url: string): Promise<Answer<string | undefined>>;
  put(url: string, body: string | Uint8Array): Promise<Answer<void>>;
  /** False where an object is there already: the first writer wins. */
  putIfAbsent(url: string, body: string): Promise<Answer<boolean>>;
  /** With its ETag, and how old it is by the clock of S3. */
  getVersion(url: string): Promise<Answer<{ text: string; etag: string; ageMs: number } | undefined>>;
  /** Over the version of that ETag, or, where that is undefined, over none. The new ETag; undefined where another was quicker. */
  putOver(url: string, body: string, etag: string | undefined): Promise<Answer<string | undefined>>;
  /** The URLs of the objects whose URLs begin so. */
  list(url: string): Promise<Answer<string[]>>;
  /** The names that follow, up to the next slash, of the objects whose URLs begin so. */
  listFolders(url: string): Promise<Answer<string[]>>;
  /** Of one bucket. One that is not there is no error. */
  remove(urls: readonly string[]): Promise<Answer<void>>;
  close(): void;
}

/** The most objects that one DeleteObjects takes. */
const DELETE_LIMIT = 1000;

const OWNED_ALREADY = new Set(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists']);
const ABSENT = new Set(['NotFound', 'NoSuchKey', 'NoSuchBucket']);
/** Another put of the same object was under way: who won is not known yet, and the put is to be tried again (S3 API reference, PutObject, If-None-Match). */
const CONFLICT = 'ConditionalRequestConflict';
const CONFLICT_TRIES = 6;
const FIRST_PAUSE_MS = 25;
/** What a conditional put is answered that finds another version, or none, or one that is just being written. */
const QUICKER = new Set(['PreconditionFailed', 'NoSuchKey', CONFLICT]);

export function s3Service(account: AwsAccount): S3Service {
  const endpoint = account.endpoints.s3;
  // Servers other than AWS have no host name for each bucket.
  const client = new S3Client({
    ...clientOptions(account, endpoint),
    forcePathStyle: endpoint !== undefined,
    followRegionRedirects: true,
  });
  const call = <T>(operation: string, send: () => Promise<T>) =>
    ask({ service: 's3', operation, endpoint, report: account.report }, send);
  return {
    createBucket: async (Bucket) => {
      const location =
        account.region === 'us-east-1'
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: account.region as never } };
      const answer = await call(
        'CreateBucket',
        async () => void (await client.send(new CreateBucketCommand({ Bucket, ...location }))),
      );
      return !answer.ok && OWNED_ALREADY.has(answer.error.code) ? ok(undefined) : answer;
    },
    exists: async (url) => {
      const answer = await call('HeadObject', () => client.send(new HeadObjectCommand(place(url))));
      if (answer.ok) return ok(true);
      return ABSENT.has(answer.error.code) ? ok(false) : answer;
    },
    get: async (url) => {
      const answer = await call('GetObject', async () => {
        const { Body } = await client.send(new GetObjectCommand(place(url)));
        return Body?.transformToString('utf-8');
      });
      return !answer.ok && ABSENT.has(answer.error.code) ? ok(undefined) : answer;
    },
    put: (url, body) =>
      call(
        'PutObject',
        async () => void (await client.send(new PutObjectCommand({ ...place(url), Body: bytes(body) }))),
      ),
    putIfAbsent: async (url, body) => {
      for (let tries = 1; ; tries++) {
        const answer = await call('PutObject', () =>
          client.send(new PutObjectCommand({ ...place(url), Body: bytes(body), IfNoneMatch: '*' })),
        );
        if (answer.ok) return ok(true);
        if (answer.error.code === 'PreconditionFailed') return ok(false);
        if (answer.error.code !== CONFLICT || tries === CONFLICT_TRIES) return failed(answer.error);
        await sleep(FIRST_PAUSE_MS * 2 ** (tries - 1));
      }
    },
    getVersion: async (url) => {
      const answer = await call('GetObject', async () => {
        const command = new GetObjectCommand(place(url));
        const serverTime = noteServerTime(command);
        const { Body, ETag, LastModified } = await client.send(command);
        const text = (await Body?.transformToString('utf-8')) ?? '';
        return { text, etag: ETag ?? '', ageMs: serverTime() - (LastModified?.getTime() ?? 0) };
      });
      return !answer.ok && ABSENT.has(answer.error.code) ? ok(undefined) : answer;
    },
    putOver: async (url, body, etag) => {
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
      const answer = await call('PutObject', async () => {
        const { ETag } = await client.send(new PutObjectCommand({ ...place(url), Body: bytes(body), ...condition }));
        return ETag ?? '';
      });
      return !answer.ok && QUICKER.has(answer.error.code) ? ok(undefined) : answer;
    },
    list: (url) =>
      call('ListObjectsV2', async () => {
        const { Bucket, Key: Prefix } = place(url);
        const pages = await allPages((ContinuationToken) =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken })),
        );
        return pages.flatMap(({ Contents }) => (Contents ?? []).map(({ Key }) => `s3://${Bucket}/${Key}`));
      }),
    listFolders: (url) =>
      call('ListObjectsV2', async () => {
        const { Bucket, Key: Prefix } = place(url);
        const pages = await allPages((ContinuationToken) =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken, Delimiter: '/' })),
        );
        return pages.flatMap(({ CommonPrefixes }) =>
          (CommonPrefixes ?? []).map(({ Prefix: found = '' }) => found.slice(Prefix.length, -1)),
        );
      }),
    remove: async (urls) => {
      for (const batch of batches(urls.map(place), DELETE_LIMIT)) {
        const answer = await call('DeleteObjects', async () => {
          const Objects = batch.map(({ Key }) => ({ Key }));
          const command = new DeleteObjectsCommand({ Bucket: batch[0]?.Bucket, Delete: { Objects, Quiet: true } });
          const { Errors, $metadata } = await client.send(command);
          const [first] = Errors ?? [];
          // Refused one by one, in an answer that is fine.
          if (first !== undefined)
            throw Object.assign(new Error(`${first.Key}: ${first.Message}`), { name: first.Code, $metadata });
        });
        if (!answer.ok) return answer;
      }
      return ok(undefined);
    },
    close: () => client.destroy(),
  };
}

/** The answer to a call carries S3's own time, which the SDK does not pass on. */
function noteServerTime(command: GetObjectCommand): () => number {
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { headers?: Record<string, string> }).headers?.['date'];
      return result;
    },
    { step: 'deserialize' },
  );
  return () => Date.parse(date ?? '');
}

async function allPages<Page extends { readonly NextContinuationToken?: string | undefined }>(
  read: (token: string | undefined) => Promise<Page>,
): Promise<Page[]> {
  const pages = [await read(undefined)];
  for (let token = pages[0]?.NextContinuationToken; token !== undefined; token = pages.at(-1)?.NextContinuationToken)
    pages.push(await read(token));
  return pages;
}

/** `s3://bucket/a/b` → bucket and key. */
export function place(url: string): { Bucket: string; Key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  return { Bucket: bucket, Key: key };
}

/** An empty text is no body to the SDK, which then warns of a stream without a length. */
const bytes = (body: string | Uint8Array): Uint8Array =>
  typeof body === 'string' ? new TextEncoder().encode(body) : body;
