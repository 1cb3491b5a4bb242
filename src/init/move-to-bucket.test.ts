import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset, Node, Project } from '../model/project.ts';
import { moveToBucket } from './move-to-bucket.ts';

function dataset(name: string, path: string, pathKey = 'filepath'): [string, Dataset] {
  const kind = path.startsWith('s3://') ? 'remote' : 'local';
  const rest = {
    type: 'T',
    versioned: false,
    credentials: undefined,
    pattern: undefined,
    classError: undefined,
    usesFsspec: true,
  };
  return [name, { name, writtenAs: name, kind, path, pathKey, ...rest }];
}

/** Of a pipeline.yml, which has no classes. */
function program(name: string, path: string): [string, Dataset] {
  return [name, { ...dataset(name, path, 'path')[1], type: undefined }];
}

function project(
  datasets: readonly [string, Dataset][],
  inputs: readonly string[],
  outputs: readonly string[],
): Project {
  const node = { name: 'n', inputs, outputs } as unknown as Node;
  const pipeline = { name: '__default__', nodes: [node] };
  return { catalog: new Map(datasets), pipelines: new Map([['__default__', pipeline]]) } as unknown as Project;
}

test('move to a bucket: a prefix for each top folder and each file of the root, inputs by folder, the rest is named', () => {
  const moved = moveToBucket(
    project(
      [
        dataset('raw', 'data/01_raw/a.csv'),
        dataset('more', './data/01_raw/deep/b.csv'),
        dataset('parts', 'input/parts/', 'path'),
        dataset('lone', 'weights.bin'),
        program('list', 'lists/all.csv'),
        dataset('model', 'data/06_models/m.pkl'),
        dataset('there', 's3://other/x.csv'),
        dataset('outside', '../shared/x.csv'),
        dataset('absolute', '/mnt/x.csv'),
        dataset('url', 'file:///mnt/x.csv'),
      ],
      ['raw', 'more', 'parts', 'lone', 'list', 'there', 'outside', 'absolute', 'url', 'params:x'],
      ['model'],
    ),
    's3://b/p/',
  );
  assert.equal(moved.spill, 's3://b/p/spill');
  assert.deepEqual(moved.paths, {
    'data/': 's3://b/p/data/',
    'input/': 's3://b/p/input/',
    'lists/': 's3://b/p/lists/',
    'weights.bin': 's3://b/p/weights.bin',
  });
  assert.deepEqual(moved.inputs, [
    { from: 'data/01_raw', isFolder: true, to: 's3://b/p/data/01_raw' },
    { from: 'input/parts', isFolder: true, to: 's3://b/p/input/parts' },
    { from: 'lists', isFolder: true, to: 's3://b/p/lists' },
    { from: 'weights.bin', isFolder: false, to: 's3://b/p/weights.bin' },
  ]);
  assert.deepEqual(
    moved.left.map(({ name }) => name),
    ['outside', 'absolute', 'url'],
  );
});
