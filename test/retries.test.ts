import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wherry } from './support/cli.ts';

interface Attempt {
  readonly attempt: number;
  readonly state: string;
  readonly memoryMiB: number;
  readonly failure?: { readonly reason: string; readonly blame: string };
}

interface Status {
  readonly state: string;
  readonly tasks: readonly { readonly name: string; readonly attempts: readonly Attempt[] }[];
}

/** `flaky` fails the first time, `hangs` for ever, `greedy` needs 700 MiB, and long enough to be seen. */
const NODES = {
  flaky: 'if [ ! -e "$ONCE" ]; then echo once > "$ONCE"; echo not yet; exit 3; fi; echo 1 > "$WHERRY_OUT_FLAKY"',
  hangs: 'echo hanging; sleep 60; echo 1 > "$WHERRY_OUT_HANGS"',
  greedy: `python3 -c 'import os, time; kept = b"x" * (700 << 20); time.sleep(1); open(os.environ["WHERRY_OUT_GREEDY"], "w").write("1")'`,
};

async function tryingProject(nodes: readonly (keyof typeof NODES)[], settings: string) {
  const outside = await mkdtemp(join(tmpdir(), 'wherry-trying-'));
  const folder = join(outside, 'project');
  await mkdir(join(folder, 'conf', 'base'), { recursive: true });
  const entries = nodes.map(
    (name) => `  - { name: ${name}, command: ${JSON.stringify(NODES[name])}, outputs: [${name}] }`,
  );
  await writeFile(join(folder, 'pipeline.yml'), `name: trying\nnodes:\n${entries.join('\n')}\n`);
  const engine = `execution_engine: { env: { ONCE: "${join(outside, 'once')}" } }\n`;
  await writeFile(join(folder, 'conf', 'base', 'wherry.yml'), `grouping: node\n${engine}${settings}`);
  const statusOf = async () =>
    JSON.parse((await wherry(['status', '-C', folder, '--format', 'json'])).stdout) as Status;
  return {
    folder,
    statusOf,
    [Symbol.asyncDispose]: () => rm(outside, { recursive: true, force: true, maxRetries: 3 }),
  };
}

test('retries, local: a program that fails is run again where `retries.user` says so, and the end of the run tells it', async () => {
  await using project = await tryingProject(['flaky'], 'retries: { user: 1 }\n');
  const { status, stderr } = await wherry(['run', '-C', project.folder]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /flaky attempt 2 in \d+(\.\d+)? s, with 1 vCPU, 2 GiB: a node raised: .*exit status 3/);
  assert.match(stderr, /task 'flaky' succeeded at attempt 2 with 1 vCPU, 2 GiB \(1 a node raised\)/);
  const { tasks } = await project.statusOf();
  assert.deepEqual(
    tasks[0]?.attempts.map(({ attempt, state }) => `${attempt} ${state}`),
    ['1 failed', '2 succeeded'],
  );
});

test('retries, local: without it the program fails once and for all; a task that takes too long is stopped, and both say what to do', async () => {
  await using project = await tryingProject(['flaky', 'hangs'], 'timeout: 2s\n');
  const { status, stderr } = await wherry(['run', '-C', project.folder]);
  assert.equal(status, 1, stderr);
  assert.match(stderr, /task 'flaky' failed: node 'flaky' raised ProgramFailed: its command ended with exit status 3/);
  assert.match(stderr, /task 'hangs' failed: it took longer than 2 s\n {2}what to do: raise 'timeout'/);
  assert.match(stderr, /last lines of its log:\n {4}hanging/);
  const { tasks } = await project.statusOf();
  assert.deepEqual(
    tasks.map(({ attempts }) => attempts.map(({ failure }) => failure?.reason)),
    [['node-raised'], ['timed-out']],
  );
});

test('retries, on the emulator: a task that runs out of memory grows to the next size, and the end of the run names it', async () => {
  const settings = `image: trying:1
spill: s3://wherry-trying/spill
resources: { __default__: { vcpu: 0.25, memory: 512 } }
retries: { oom: grow }
`;
  await using project = await tryingProject(['greedy'], settings);
  const { status, stderr } = await wherry(['run', '-C', project.folder, '--emulate']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /task 'greedy' succeeded at attempt 2 with 0.25 vCPU, 1 GiB \(1 out of memory\)/);
  const { tasks } = await project.statusOf();
  assert.deepEqual(
    tasks[0]?.attempts.map(({ memoryMiB, failure }) => [memoryMiB, failure?.reason]),
    [
      [512, 'out-of-memory'],
      [1024, undefined],
    ],
  );
});
