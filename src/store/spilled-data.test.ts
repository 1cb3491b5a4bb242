import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { TaskState } from '../model/run.ts';
import { ok } from '../util/result.ts';
import { spillFolder } from './spill-folder.ts';
import { lostData, removeData, runsWithData, type SpillObjects } from './spilled-data.ts';

const RUN = '20260101T000000-aaaaaa';

const KEYS = [
  `runs/${RUN}/data/orders.pkl`,
  `runs/${RUN}/data/a%2Fb`,
  `runs/${RUN}/data-of-mine/orders.pkl`,
  `runs/${RUN}/database`,
  `runs/${RUN}/tasks/first/done.json`,
  `runs/${RUN}0/data/orders.pkl`,
  'runs/data/orders.pkl',
  'plans/abc.json',
  `other/runs/${RUN}/data/orders.pkl`,
];

function inMemory(keys: readonly string[]) {
  const kept = new Map(keys.map((key) => [key, '']));
  const objects: SpillObjects = {
    get: async (key) => ok(kept.get(key)),
    list: async (prefix) => ok([...kept.keys()].filter((key) => key.startsWith(prefix))),
    remove: async (keys) => ok(keys.forEach((key) => void kept.delete(key))),
  };
  return { objects, kept };
}

async function inFolder(keys: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'wherry spill-'));
  for (const key of keys) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), '');
  }
  return {
    objects: spillFolder(pathToFileURL(folder).href),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

test('spilled data: of one run it is removed, and nothing beside it, on this machine as anywhere', async () => {
  const memory = inMemory(KEYS);
  await using folder = await inFolder(KEYS);
  for (const objects of [memory.objects, folder.objects]) {
    assert.deepEqual(
      await runsWithData(objects),
      ok(
        new Map([
          [RUN, 2],
          [`${RUN}0`, 1],
        ]),
      ),
    );
    assert.deepEqual(await removeData(objects, RUN), ok(2));
    const left = await objects.list('');
    assert.deepEqual(left.ok && left.value.sort(), KEYS.slice(2).sort());
    assert.deepEqual(await removeData(objects, RUN), ok(0));
  }
});

test('spilled data: what is no id of a run, and a store that lists too much, removes nothing', async () => {
  for (const id of ['', '.', '..', `../${RUN}`, `${RUN}/tasks`, 'a b', '*']) {
    const { objects, kept } = inMemory(KEYS);
    await assert.rejects(removeData(objects, id), /is no id of a run/);
    assert.equal(kept.size, KEYS.length);
  }
  const { objects, kept } = inMemory(KEYS);
  const loose = { ...objects, list: async () => ok([...kept.keys()]) };
  assert.deepEqual(await removeData(loose, RUN), ok(2));
  assert.deepEqual([...kept.keys()], KEYS.slice(2));
});

test('spilled data: what is gone is told of tasks that start later, and of nothing else', async () => {
  const names = ['orders', "it's (a) *test*!", 'kept', 'hooked', 'read'];
  const dataset = (name: string, consumers: string[], storage: 'spill' | 'catalog' = 'spill') =>
    ({ name, kind: 'memory', storage, producer: 'first', consumers }) as const;
  const boundaryDatasets = [
    ...names.map((name) => dataset(name, [`of ${name}`, 'done'])),
    dataset('saved', ['of orders'], 'catalog'),
    { ...dataset('later', ['of kept']), producer: 'of orders' },
  ];
  const state = (name: string): TaskState =>
    name === 'of read' ? 'running' : name === 'first' || name === 'done' ? 'succeeded' : 'failed';
  const tasks = ['first', 'done', ...names.map((name) => `of ${name}`)].map((name) => ({ name, state: state(name) }));
  const { objects, kept } = inMemory([`runs/${RUN}/data/kept.pkl`]);
  const outputs = names.filter((name) => name !== 'hooked').map((dataset) => ({ dataset }));
  kept.set(`runs/${RUN}/tasks/first/done.json`, JSON.stringify({ outputs }));
  const lost = async () => {
    const found = await lostData(objects, { runId: RUN, boundaryDatasets, tasks });
    return found.ok && found.value.map(({ dataset, consumers }) => [dataset, ...consumers]);
  };
  assert.deepEqual(await lost(), [
    ['orders', 'of orders'],
    ["it's (a) *test*!", "of it's (a) *test*!"],
  ]);
  // Python: urllib.parse.quote("it's (a) *test*!", safe="")
  kept.set(`runs/${RUN}/data/it%27s%20%28a%29%20%2Atest%2A%21`, '');
  assert.deepEqual(await lost(), [['orders', 'of orders']]);
});
