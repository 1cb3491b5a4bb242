import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
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
  close(): void;
}

const OWNED_ALREADY = new Set(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists']);
const ABSENT = new Set(['NotFound', 'NoSuchKey', 'NoSuchBucket']);

export function s3Service(account: AwsAccount): S3Service {
  const endpoint = account.endpoints.s3;
  // Servers other than AWS have no host name for each bucket.
  const client = new S3Client({ ...clientOptions(account, endpoint), forcePathStyle: endpoint !== undefined });
  const call = <T>(operation: string, send: () => Promise<T>) => ask({ service: 's3', operation, endpoint }, send);
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
    put: (url, Body) =>
      call('PutObject', async () => void (await client.send(new PutObjectCommand({ ...place(url), Body })))),
    putIfAbsent: async (url, Body) => {
      const answer = await call('PutObject', () =>
        client.send(new PutObjectCommand({ ...place(url), Body, IfNoneMatch: '*' })),
      );
      if (answer.ok) return ok(true);
      return answer.error.code === 'PreconditionFailed' ? ok(false) : failed(answer.error);
    },
    close: () => client.destroy(),
  };
}

/** `s3://bucket/a/b` → bucket and key. */
export function place(url: string): { Bucket: string; Key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  return { Bucket: bucket, Key: key };
}
