import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { pythonEnv } from '../../test/support/python-env.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from '../test-emulator.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const state = temporaryFolder();
const folder = join(state.path, 's3');
let python: string;
let emulator: TestEmulator;
let s3: S3Client;

async function start() {
  emulator = await startEmulator({ stateDir: state.path, s3Python: python });
  s3 = new S3Client({
    endpoint: emulator.env.AWS_ENDPOINT_URL_S3 ?? '',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
}

async function restart(signal: NodeJS.Signals = 'SIGTERM', meanwhile: () => void = () => undefined) {
  s3.destroy();
  await emulator.end(signal);
  meanwhile();
  await start();
}

const put = (Bucket: string, Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const read = async (Bucket: string, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
const list = async (Bucket: string) =>
  ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key ?? '');

before(async () => {
  python = await pythonEnv('s3', here('requirements.txt'));
  await start();
});

after(async () => {
  s3.destroy();
  await emulator.end();
  state.remove();
});

// Keys that a file system cannot hold as they are, or not together.
const KEYS = [
  'plain.csv',
  'a',
  'a/b',
  'a/b/c',
  'late/child',
  'late',
  'folder/',
  'double//slash',
  '/leading',
  '../up',
  './here',
  'dots/..',
  '100%25',
  '%2F',
  'x%2F',
  'a%00b',
  'naïve key+more=✓',
  `long/${'x'.repeat(600)}/${'é'.repeat(130)}`,
];

it('s3 folder: every key outlives a restart with its content and metadata', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'keys' }));
  for (const Key of KEYS) {
    await s3.send(
      new PutObjectCommand({ Bucket: 'keys', Key, Body: `body of ${Key}`, Metadata: { n: '1' }, ContentType: 't/x' }),
    );
  }
  const heads = async () =>
    Promise.all(
      KEYS.map(async (Key) => {
        const { ETag, LastModified, Metadata, ContentType } = await s3.send(
          new HeadObjectCommand({ Bucket: 'keys', Key }),
        );
        return { ETag, LastModified, Metadata, ContentType };
      }),
    );
  const before = await heads();
  await restart();
  assert.deepEqual(
    await list('keys'),
    [...KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
  assert.deepEqual(await heads(), before);
  assert.deepEqual(before[0]?.Metadata, { n: '1' });
  for (const key of KEYS) assert.equal(await read('keys', key), `body of ${key}`);
});

it('s3 folder: an object is a plain file under its bucket', () => {
  assert.equal(readFileSync(join(folder, 'keys', 'plain.csv'), 'utf8'), 'body of plain.csv');
  assert.equal(readFileSync(join(folder, 'keys', 'a', 'b', 'c'), 'utf8'), 'body of a/b/c');
});

it('s3 folder: what was answered before a kill -9 is there afterwards', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'killed' }));
  await put('killed', 'one', '1');
  await put('killed', 'two', '1');
  await put('killed', 'two', 'two');
  await s3.send(new DeleteObjectCommand({ Bucket: 'killed', Key: 'one' }));
  await restart('SIGKILL');
  assert.deepEqual(await list('killed'), ['two']);
  assert.equal(await read('killed', 'two'), 'two');
});

it('s3 folder: files and buckets that a user drops there are served', async () => {
  await restart('SIGTERM', () => {
    mkdirSync(join(folder, 'dropped', 'in'), { recursive: true });
    writeFileSync(join(folder, 'dropped', 'in', 'report%20x.txt'), 'from the user');
    writeFileSync(join(folder, 'killed', 'two'), 'changed by the user');
  });
  assert.deepEqual(await list('dropped'), ['in/report%20x.txt']);
  assert.equal(await read('dropped', 'in/report%20x.txt'), 'from the user');
  assert.equal(await read('killed', 'two'), 'changed by the user');
  const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: 'killed', Key: 'two' }));
  assert.equal(ETag, `"${createHash('md5').update('changed by the user').digest('hex')}"`);
});

it('s3 folder: an object whose file is removed while the server runs is gone', async () => {
  await put('dropped', 'short-lived', '1');
  rmSync(join(folder, 'dropped', 'short-lived'));
  await assert.rejects(read('dropped', 'short-lived'), { name: 'NoSuchKey' });
});

it('s3 folder: a deleted bucket and deleted objects leave no files', async () => {
  await put('dropped', 'deep/er/file', '1');
  for (const Key of await list('dropped')) await s3.send(new DeleteObjectCommand({ Bucket: 'dropped', Key }));
  assert.deepEqual(existsSync(join(folder, 'dropped', 'deep')), false);
  await s3.send(new DeleteBucketCommand({ Bucket: 'dropped' }));
  assert.equal(existsSync(join(folder, 'dropped')), false);
  await restart();
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  assert.deepEqual(Buckets?.map(({ Name }) => Name).sort(), ['keys', 'killed']);
});

it('s3 folder: any key is found again from the path of its file', () => {
  const script = [
    'import json, random, sys',
    `sys.path.insert(0, ${JSON.stringify(here('.'))})`,
    'from folder import key_of, path_of',
    'pick = random.Random(1)',
    "alphabet = ['/', '/', '%', '2', '5', 'F', 'B', '0', 'E', '.', '..', '%2F', '%2B', '%25', '%00', '\\0', 'é', 'x' * 239, 'x']",
    'for _ in range(20000):',
    "    key = ''.join(pick.choice(alphabet) for _ in range(pick.randint(1, 12)))",
    '    parts = path_of(key)',
    '    assert key_of(parts) == key, (key, parts)',
    "    assert all(part not in ('', '.', '..') and len(part.encode()) <= 250 for part in parts), (key, parts)",
    "print('ok')",
  ].join('\n');
  assert.equal(execFileSync(python, ['-c', script], { encoding: 'utf8' }), 'ok\n');
});

it('s3: a put that the disk does not take is refused, leaves nothing, and can be made again', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'full' }));
  const partial = join(folder, '.partial');
  rmSync(partial, { recursive: true });
  const once = () => s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'a/b', Body: 'x', IfNoneMatch: '*' }));
  await assert.rejects(once(), { name: 'InternalError' });
  assert.deepEqual(await list('full'), []);
  mkdirSync(partial);
  await once();
  assert.equal(await read('full', 'a/b'), 'x');
});
