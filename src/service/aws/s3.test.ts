import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type S3Service, s3Service } from './s3.ts';

/** The service at a server of its own. */
async function s3At(answer: RequestListener): Promise<AsyncDisposable & { readonly s3: S3Service }> {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  const s3 = s3Service({
    region: 'eu-central-1',
    profile: undefined,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    endpoints: {
      ecs: undefined,
      logs: undefined,
      s3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      sts: undefined,
    },
  });
  return {
    s3,
    [Symbol.asyncDispose]: async () => {
      s3.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

test('s3: a bucket in another region than the account is followed there', async () => {
  const regions: string[] = [];
  await using at = await s3At(({ headers }, response) => {
    const region = /Credential=AKIA\/\d+\/([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
    regions.push(region);
    if (region === 'us-west-2') response.writeHead(200).end('text');
    else
      response
        .writeHead(301, { 'x-amz-bucket-region': 'us-west-2' })
        .end('<Error><Code>PermanentRedirect</Code></Error>');
  });
  assert.deepEqual(await at.s3.get('s3://bucket/key'), { ok: true, value: 'text' });
  assert.deepEqual(await at.s3.put('s3://bucket/key', 'text'), { ok: true, value: undefined });
  assert.deepEqual(regions, ['eu-central-1', 'us-west-2', 'eu-central-1', 'us-west-2']);
});

test('s3: an empty text is an object of no length, of which nobody is warned', async (t) => {
  const { mock } = t.mock.method(console, 'warn', () => undefined);
  const lengths: unknown[] = [];
  await using at = await s3At(({ headers }, response) => {
    lengths.push(headers['content-length']);
    response.writeHead(200).end();
  });
  assert.deepEqual(await at.s3.put('s3://bucket/key', ''), { ok: true, value: undefined });
  assert.deepEqual(lengths, ['0']);
  assert.equal(mock.callCount(), 0);
});

test('s3: objects are removed by the thousand, and one that is refused is said', async () => {
  const sizes: number[] = [];
  await using at = await s3At(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    sizes.push(body.match(/<Key>/g)?.length ?? 0);
    const refused = '<Error><Key>kept</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
    response.end(`<DeleteResult>${body.includes('<Key>kept<') ? refused : ''}</DeleteResult>`);
  });
  const urls = Array.from({ length: 2001 }, (_, index) => `s3://bucket/${index}`);
  assert.deepEqual(await at.s3.remove(urls), { ok: true, value: undefined });
  assert.deepEqual(sizes, [1000, 1000, 1]);
  const answer = await at.s3.remove(['s3://bucket/kept']);
  assert.deepEqual(!answer.ok && [answer.error.kind, answer.error.detail], [
    'refused',
    'AccessDenied: kept: Access Denied',
  ]);
});

test('s3: a put of what is not there is tried again while another is under way, and not for ever', async () => {
  const conflict = [409, 'ConditionalRequestConflict'] as const;
  let answers: (readonly [status: number, code: string])[] = [];
  let puts = 0;
  await using at = await s3At((_request, response) => {
    puts++;
    const [status, code] = answers.shift() ?? conflict;
    response.writeHead(status).end(status === 200 ? '' : `<Error><Code>${code}</Code></Error>`);
  });
  const put = () => at.s3.putIfAbsent('s3://bucket/key', 'text');
  answers = [conflict, conflict, [412, 'PreconditionFailed']];
  assert.deepEqual(await put(), { ok: true, value: false });
  answers = [conflict, [200, '']];
  assert.deepEqual(await put(), { ok: true, value: true });
  puts = 0;
  const answer = await put();
  assert.deepEqual([!answer.ok && answer.error.code, puts], ['ConditionalRequestConflict', 6]);
});
