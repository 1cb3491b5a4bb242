import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { s3Service } from './s3.ts';

test('s3: a bucket in another region than the account is followed there', async () => {
  const regions: string[] = [];
  const server = createServer(({ headers }, response) => {
    const region = /Credential=AKIA\/\d+\/([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
    regions.push(region);
    if (region === 'us-west-2') response.writeHead(200).end('text');
    else
      response
        .writeHead(301, { 'x-amz-bucket-region': 'us-west-2' })
        .end('<Error><Code>PermanentRedirect</Code></Error>');
  });
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
  try {
    assert.deepEqual(await s3.get('s3://bucket/key'), { ok: true, value: 'text' });
    assert.deepEqual(await s3.put('s3://bucket/key', 'text'), { ok: true, value: undefined });
    assert.deepEqual(regions, ['eu-central-1', 'us-west-2', 'eu-central-1', 'us-west-2']);
  } finally {
    s3.close();
    server.close();
    server.closeAllConnections();
  }
});
