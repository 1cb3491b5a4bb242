import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { pythonEnv } from '../../test/support/python-env.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from '../test-emulator.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const MIB = 1024 * 1024;
const Bucket = 'sdk-bucket';

const state = temporaryFolder();
let emulator: TestEmulator;
let s3: S3Client;

before(async () => {
  emulator = await startEmulator({
    stateDir: state.path,
    s3Python: await pythonEnv('s3', here('requirements.txt')),
  });
  s3 = new S3Client({
    endpoint: emulator.env.AWS_ENDPOINT_URL_S3 ?? '',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await s3.send(new CreateBucketCommand({ Bucket }));
});

after(async () => {
  s3.destroy();
  await emulator.end();
  state.remove();
});

describe('s3 and the AWS SDK for JavaScript', () => {
  it('s3: a put object is read back with its metadata', async () => {
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'a b/ü', Body: 'hello', Metadata: { k: 'v' }, ContentType: 't/x' }),
    );
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a b/ü' }));
    assert.equal(await got.Body?.transformToString(), 'hello');
    assert.deepEqual([got.Metadata, got.ContentType], [{ k: 'v' }, 't/x']);
  });

  it('s3: a streamed put arrives as it was sent', async () => {
    const body = Buffer.alloc(100_000, 'x');
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'streamed', Body: Readable.from([body]), ContentLength: body.length }),
    );
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'streamed' }));
    assert.ok(body.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0)));
  });

  it('s3: an object of 100 MB and a range of it are read back', async () => {
    const body = Buffer.alloc(100 * MIB, '0123456789');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: body }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'large' }));
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    assert.equal(hash((await got.Body?.transformToByteArray()) ?? new Uint8Array()), hash(body));
    const range = await s3.send(new GetObjectCommand({ Bucket, Key: 'large', Range: 'bytes=1000003-1000007' }));
    assert.equal(await range.Body?.transformToString(), '34567');
  });

  it('s3: an object of several parts is read back', async () => {
    const Key = 'parts';
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const bodies = [Buffer.alloc(5 * MIB, 'a'), Buffer.alloc(5 * MIB, 'b'), Buffer.from('c')];
    const Parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const part = { Bucket, Key, UploadId, PartNumber: index + 1 };
        const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body }));
        return { ETag, PartNumber: index + 1 };
      }),
    );
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    assert.ok(Buffer.concat(bodies).equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0)));
  });

  it('s3: of 16 puts at once with If-None-Match one wins and 15 get 412', async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const puts = Array.from({ length: 16 }, (_, index) =>
        s3.send(new PutObjectCommand({ Bucket, Key: `claim/${round}`, Body: String(index), IfNoneMatch: '*' })).then(
          () => 200,
          (error) => error.$metadata.httpStatusCode as number,
        ),
      );
      const statuses = (await Promise.all(puts)).sort();
      assert.deepEqual(statuses, [200, ...Array(15).fill(412)]);
    }
  });

  it('s3: a listing goes on page by page, and a bulk delete empties it', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `page/${String(index).padStart(2, '0')}`);
    await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: '-' }))));
    const listed: string[][] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'page/', MaxKeys: 10, ContinuationToken }));
      listed.push((page.Contents ?? []).map(({ Key }) => Key ?? ''));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    assert.deepEqual(
      listed.map((page) => page.length),
      [10, 10, 5],
    );
    assert.deepEqual(listed.flat(), keys);
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    assert.equal((await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'page/' }))).KeyCount, 0);
  });
});

it('s3: one of 16 wins also when moto takes its time between looking and writing', async () => {
  const slow = [
    'import sys, time',
    `sys.path.insert(0, ${JSON.stringify(here('.'))})`,
    'from moto.s3.models import S3Backend',
    'put = S3Backend.put_object',
    'S3Backend.put_object = lambda *args, **named: (time.sleep(0.02), put(*args, **named))[1]',
    'import serve',
    'serve.main()',
  ].join('\n');
  const folder = temporaryFolder();
  const python = await pythonEnv('s3', here('requirements.txt'));
  const server = spawn(python, ['-c', slow, '--folder', folder.path, '--region', 'eu-central-1']);
  try {
    const { port } = JSON.parse(String((await once(server.stdout, 'data'))[0])) as { port: number };
    const authorization = 'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, Signature=0';
    const put = (path: string, headers = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: 'PUT', headers: { authorization, ...headers } });
    assert.equal((await put('/slow-bucket')).status, 200);
    const puts = Array.from({ length: 16 }, () => put('/slow-bucket/claim', { 'if-none-match': '*' }));
    const statuses = (await Promise.all(puts)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, ...Array(15).fill(412)]);
  } finally {
    server.stdin.end();
    await once(server, 'close');
    folder.remove();
  }
});

it('s3: boto3 and s3fs find what they expect of S3', async () => {
  const python = await pythonEnv('s3fs', here('requirements-test.txt'));
  const env = { ...process.env, ...emulator.env, AWS_DEFAULT_REGION: 'eu-central-1' };
  const { stdout } = await promisify(execFile)(python, [here('test/clients.py')], { env });
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { check: string; error: string | null });
  assert.deepEqual(
    results.filter(({ error }) => error),
    [],
  );
  assert.equal(results.length, 11);
});
