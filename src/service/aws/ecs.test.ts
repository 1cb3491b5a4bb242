import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ecsService } from './ecs.ts';

test('ECS: a RunTask that nobody answered is tried again by the SDK, but not after the machine has slept', async (t) => {
  let asked = 0;
  let onAsked = () => {};
  const server = createServer((_, answer) => {
    asked += 1;
    onAsked();
    answer.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ecs = ecsService({
    region: 'eu-central-1',
    profile: undefined,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    endpoints: { ecs: url, logs: url, s3: url, sts: url },
  });
  t.after(() => ecs.close());
  const awake = await ecs.runTask({ taskDefinition: 'a:1' });
  assert.deepEqual([awake.ok, asked], [false, 3]);

  const realNow = Date.now;
  t.after(() => {
    Date.now = realNow;
  });
  onAsked = () => {
    Date.now = () => realNow() + 2 * 3_600_000;
  };
  const asleep = await ecs.runTask({ taskDefinition: 'a:1' });
  assert.equal(asked, 3 + 1);
  assert.ok(!asleep.ok);
  assert.equal(asleep.error.kind, 'unreachable');
});
