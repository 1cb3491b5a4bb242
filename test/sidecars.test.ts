import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { s3Service } from '../src/service/aws/s3.ts';
import { wherry } from './support/cli.ts';
import { emulatedAws } from './support/emulated-aws.ts';

/** Answers what its variable says, once it has taken its time to start. */
const SERVE = `
import http.server, os, sys, time
time.sleep(1)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["WORD"].encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
`;
const ASK = `
import os, sys, urllib.request
answer = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}").read().decode()
with open(os.environ["WHERRY_OUT_ANSWER"], "w") as file:
    file.write(f"{answer} {os.environ.get('WORD')}")
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function folderOf(files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-sidecars-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

function settings(port: number): string {
  const check = `import urllib.request; urllib.request.urlopen("http://127.0.0.1:${port}")`;
  return JSON.stringify({
    execution_engine: {
      type: 'aws-fargate',
      cluster: 'ml',
      subnets: ['subnet-0123456789abcdef0'],
      execution_role_arn: 'arn:aws:iam::123456789012:role/execution',
      task_role_arn: 'arn:aws:iam::123456789012:role/task',
      capacity_provider_strategy: [{ capacity_provider: 'FARGATE_SPOT', weight: 1, base: 1 }],
      efs: { '/mnt/models': 'fs-0123456789abcdef0' },
      sidecars: {
        answers: {
          image: 'answers:1',
          entry_point: ['python3', 'serve.py'],
          command: [String(port)],
          env: { WORD: 'hello' },
          vcpu: 0.25,
          memory: '512Mi',
          health_check: { command: ['CMD', 'python3', '-c', check], interval: 5 },
        },
      },
    },
    image: 'shop:1',
    spill: 's3://shop/spill',
  });
}

test('sidecars: the pipeline starts when they are well, talks to them, and ends well though they are stopped with it', async () => {
  const port = await freePort();
  await using sidecar = await folderOf({ 'serve.py': SERVE });
  await using project = await folderOf({
    'ask.py': ASK,
    'wherry.json': settings(port),
    'pipeline.yml': `name: shop
nodes: [{ name: ask, command: [python3, ask.py, "${port}"], outputs: [answer] }]
datasets: { answer: { path: s3://shop/answer.txt } }
`,
  });
  const { folder } = project;
  await using aws = await emulatedAws({
    image: 'shop:1',
    folder,
    images: { 'answers:1': sidecar.folder },
    cluster: 'ml',
    bucket: 'shop',
  });
  const words = ['-C', folder, '--config-file', 'wherry.json'];
  const ran = await wherry(['run', '-v', ...words], aws.env);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stderr, /^· settings: wherry.json\n[\s\S]*^· Amazon ECS RunTask: ok, \d+ ms$/m);
  assert.match(ran.stderr, /wherry-shop:1 \(registered for this run\)/);
  const s3 = s3Service(aws.account);
  const answer = await s3.get('s3://shop/answer.txt');
  s3.close();
  assert.equal(answer.ok && answer.value, 'hello None', "the sidecar's variables are its own");

  const client = new ECSClient({
    region: aws.account.region,
    endpoint: aws.env['AWS_ENDPOINT_URL_ECS'] ?? '',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const { taskArns } = await client.send(new ListTasksCommand({ cluster: 'ml', desiredStatus: 'STOPPED' }));
  const { tasks: [task] = [] } = await client.send(new DescribeTasksCommand({ cluster: 'ml', tasks: taskArns }));
  client.destroy();
  const main = task?.overrides?.containerOverrides?.[0];
  assert.deepEqual([main?.cpu, main?.memory], [1024 - 256, 2048 - 512], 'the rest of the task is the pipeline’s');
  assert.equal(task?.capacityProviderName, 'FARGATE_SPOT');
  assert.notEqual(task?.containers?.find(({ name }) => name === 'answers')?.exitCode, 0);

  const compiled = await wherry(['compile', ...words, '--publish'], aws.env);
  assert.equal(compiled.status, 0, compiled.stderr);
  assert.match(compiled.stderr, /wherry-shop:1 is as it should be/);
  const dag = await readFile(join(folder, 'dags', 'shop.py'), 'utf8');
  assert.match(dag, /LIMITS_CONTAINERS = True/);
  assert.match(
    dag,
    /"capacity_provider_strategy": \[\s*\{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 1\}/,
  );
});
