import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wherry } from './support/cli.ts';
import { until } from './support/counting-project.ts';

async function project(pipeline: string): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-disk-'));
  await writeFile(join(folder, 'pipeline.yml'), pipeline);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

const ONE = 'name: one\nnodes: [{ name: one, command: echo done }]\n';

test('disk: where the records of a run cannot be written it does not begin, and says where and what to do', async () => {
  await using own = await project(ONE);
  await writeFile(join(own.folder, '.wherry'), '');
  for (const flags of [[], ['--emulate']]) {
    const { status, stderr } = await wherry(['run', '-C', own.folder, ...flags]);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /ENOTDIR|EEXIST/);
    assert.match(stderr, /\.wherry/);
    assert.doesNotMatch(stderr, /bug in Wherry/);
  }
});

test('disk: a run whose records can be written no more ends, with status 3, and so do its tasks', async () => {
  await using own = await project(
    `name: two
nodes:
  - { name: breaks, command: 'sleep 0.3; rm -rf "$RECORDS"; : > "$RECORDS"; echo "$$" > "$RECORDS.pid"; echo line; exec sleep 300' }
`,
  );
  const records = join(own.folder, '.wherry', 'runs');
  await mkdir(join(own.folder, 'conf', 'base'), { recursive: true });
  await writeFile(
    join(own.folder, 'conf', 'base', 'wherry.yml'),
    `execution_engine: { env: { RECORDS: ${records} } }\n`,
  );
  const { status, stderr } = await wherry(['run', '-C', own.folder]);
  assert.equal(status, 3, stderr);
  assert.match(stderr, /^wherry: a file of Wherry \(\w+\): ENOTDIR: /m);
  assert.match(stderr, /wherry resume/);
  assert.doesNotMatch(stderr, /bug in Wherry|node:internal/);
  const pid = Number(await readFile(`${records}.pid`, 'utf8'));
  const isGone = async () => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  };
  await until(isGone, 'the task has ended');
});
