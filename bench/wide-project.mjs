// A project of one task and then so many at once, and an emulator whose containers start nothing.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';

const CLUSTER = 'wide';

/** Writes it into `folder`, and returns that. */
export function makeWideProject(folder, width) {
  mkdirSync(join(folder, 'conf', 'base'), { recursive: true });
  const nodes = Array.from(
    { length: width },
    (_, index) => `  - { name: n${index}, command: ['true'], after: [first] }`,
  );
  const head = ['name: wide', 'nodes:', "  - { name: first, command: ['true'] }"];
  writeFileSync(join(folder, 'pipeline.yml'), `${[...head, ...nodes].join('\n')}\n`);
  const settings = {
    execution_engine: {
      type: 'aws-fargate',
      cluster: CLUSTER,
      subnets: ['subnet-0123456789abcdef0'],
      execution_role_arn: 'execution',
    },
    image: 'wide:1.0',
    grouping: 'node',
    resources: { __default__: { vcpu: 0.25, memory: 512 } },
  };
  writeFileSync(join(folder, 'conf', 'base', 'wherry.yml'), `${JSON.stringify(settings)}\n`);
  return folder;
}

/** Its address, and the variables by which a client talks to it; the cluster is there. */
export async function startNoOpEmulator() {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'no-op-emulator.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())));
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const ecs = new ECSClient({ region: 'eu-central-1', endpoint: url, credentials });
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  ecs.destroy();
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  return { url, env, end: () => child.stdin.end() };
}
