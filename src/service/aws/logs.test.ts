import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { logsService } from './logs.ts';

test('logs: a group of another region is asked for there', async (t) => {
  const asked: string[] = [];
  const server = createServer(({ headers }, response) => {
    asked.push(/Credential=AKIA\/\d+\/([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? '');
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{"events": []}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  const logs = logsService({
    region: 'eu-central-1',
    profile: undefined,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    endpoints: {
      ecs: undefined,
      logs: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      s3: undefined,
      sts: undefined,
    },
  });
  t.after(() => {
    logs.close();
    server.close();
    server.closeAllConnections();
  });
  for (const region of [undefined, 'us-east-1', 'eu-central-1']) {
    const wanted = { group: { name: '/ecs/shop', region }, streams: { prefix: 'ecs/main/' }, from: 0 };
    const answer = await logs.filter(wanted, (events) => assert.deepEqual(events, []));
    assert.deepEqual(answer, { ok: true, value: true });
  }
  assert.deepEqual(asked, ['eu-central-1', 'us-east-1', 'eu-central-1']);
});
