import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { podmanImage, withoutPodman } from '../emulator/test-podman.ts';
import { wherry } from './support/cli.ts';
import { emulatedAws } from './support/emulated-aws.ts';

interface RunJson {
  readonly state: string;
  readonly tasks: readonly {
    readonly attempts: readonly {
      readonly memoryMiB: number;
      readonly failure?: { readonly reason: string; readonly detail: string };
    }[];
  }[];
}

/** Has 700 MiB, more than the 512 that it is given first, and then waits to be killed for it. */
const PIPELINE = `name: greedy
nodes:
  - name: greedy
    command: [python3, -c, "import os, time; held = b'x' * (700 << 20); time.sleep(300 * (os.environ['WHERRY_ATTEMPT'] == '1'))"]
`;

async function makeProject(image: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-greedy-'));
  await mkdir(join(folder, 'conf', 'base'), { recursive: true });
  await writeFile(join(folder, 'pipeline.yml'), PIPELINE);
  const settings = {
    image,
    spill: 's3://wherry-greedy/spill',
    resources: { greedy: { vcpu: 0.25, memory: 512 } },
    execution_engine: {
      type: 'aws-fargate',
      cluster: 'greedy',
      subnets: ['subnet-0123456789abcdef0'],
      execution_role_arn: 'execution',
      task_role_arn: 'task',
    },
  };
  await writeFile(join(folder, 'conf', 'base', 'wherry.yml'), JSON.stringify(settings));
  const growing = { retries: { oom: 'grow' } };
  await mkdir(join(folder, 'conf', 'grow'));
  await writeFile(join(folder, 'conf', 'grow', 'wherry.yml'), JSON.stringify(growing));
  return folder;
}

interface Place {
  readonly image: string;
  readonly words: readonly string[];
  readonly ownEnv: Readonly<Record<string, string>>;
}

async function tryOutOfMemory({ image, words, ownEnv }: Place): Promise<void> {
  const folder = await makeProject(image);
  try {
    await using aws = await emulatedAws({ image, folder, cluster: 'greedy', bucket: 'wherry-greedy', words, ownEnv });
    const failed = await wherry(['run', '-C', folder, '--format', 'json'], aws.env);
    const { tasks } = JSON.parse(failed.stdout) as RunJson;
    assert.deepEqual([failed.status, tasks[0]?.attempts.map(({ failure }) => failure?.reason)], [1, ['out-of-memory']]);
    assert.match(failed.stderr, /OutOfMemoryError: Container killed due to memory usage/);
    assert.match(failed.stderr, /oom: grow/);
    const grown = await wherry(['run', '-C', folder, '-e', 'grow', '--format', 'json'], aws.env);
    assert.equal(grown.status, 0, grown.stderr);
    const attempts = (JSON.parse(grown.stdout) as RunJson).tasks[0]?.attempts;
    assert.deepEqual(
      attempts?.map(({ memoryMiB, failure }) => [memoryMiB, failure?.reason]),
      [
        [512, 'out-of-memory'],
        [1024, undefined],
      ],
    );
    assert.match(grown.stderr, /'greedy' succeeded at attempt 2 with 0\.25 vCPU, 1 GiB/);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

test('run: a process with too little memory is killed, and with retries.oom: grow succeeds at the next size', async () => {
  await tryOutOfMemory({ image: 'greedy:1', words: [], ownEnv: {} });
});

test('run: a podman container with too little memory is killed, and with retries.oom: grow succeeds at the next size', {
  skip: withoutPodman,
}, async () => {
  const { name, env, remove } = await podmanImage();
  try {
    await tryOutOfMemory({ image: name, words: ['--driver', 'podman'], ownEnv: env });
  } finally {
    await remove();
  }
});
