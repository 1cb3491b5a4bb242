import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../model/project.ts';
import { moveCatalog } from './move-catalog.ts';

function local(name: string, path: string, rest: Partial<Dataset> = {}): Dataset {
  const others = {
    type: 'T',
    versioned: false,
    credentials: undefined,
    pattern: undefined,
    pathKey: 'filepath',
    classError: undefined,
    usesFsspec: true,
  };
  return { name, writtenAs: name, kind: 'local', path, ...others, ...rest };
}

const BASE = `# The catalog of the shop.

# One file a day.
"orders_{day}":
  type: pandas.CSVDataset
  filepath: \${_root}/orders/{day}.csv   # by day
  credentials: shop

_root: data

_csv: &csv
  type: pandas.CSVDataset
  save_args: {index: false}

# Not a path at all.
prices:
  type: pandas.SQLTableDataset
  table_name: prices

# Every version is kept.
model:
  type: pickle.PickleDataset
  filepath: 'data/06_models/model.pkl'
  versioned: true

copy: {<<: *csv, filepath: "./data/copy.csv"}
again:
  type: T
  filepath: \${model.filepath}.bak
cached:
  type: CachedDataset
  dataset:
    type: T
    filepath: >-
      data/cached.csv
parts@spark: {type: T, path: data/parts}
parts@pandas: {type: U, path: data/parts}
unused: {type: T, filepath: data/unused.csv}
`;

test('move catalog: entries are copied whole with their comments and what they refer to, paths after the bucket', () => {
  const { files, left } = moveCatalog({
    own: [],
    base: [{ path: 'catalog.yml', text: BASE }],
    datasets: [
      local('orders_monday', 'data/orders/monday.csv', { pattern: 'orders_{day}' }),
      local('model', 'data/06_models/model.pkl', { versioned: true }),
      local('copy', './data/copy.csv'),
      local('again', 'data/06_models/model.pkl.bak'),
      local('cached', 'data/cached.csv'),
      local('parts', 'data/parts', { pathKey: 'path' }),
      local('nowhere', 'data/nowhere.csv'),
    ],
    bucket: 's3://b/p',
  });
  const moved = BASE.replace('filepath: ${_root}', 'filepath: s3://b/p/${_root}')
    .replace(/# Not a path[\s\S]*?\n\n/, '')
    .replace("'data", "'s3://b/p/data")
    .replace('"./data', '"s3://b/p/data')
    .replace('${model.filepath}.bak', 's3://b/p/data/06_models/model.pkl.bak')
    .replace(/>-\n +data/, 's3://b/p/data')
    .replaceAll('path: data/parts', 'path: s3://b/p/data/parts')
    .replace(/unused.*\n/, '');
  assert.deepEqual(files, [{ path: 'catalog.yml', text: moved }]);
  assert.deepEqual(
    left.map(({ name }) => name),
    ['nowhere'],
  );
});

test("move catalog: the environment's own files keep what they say, and are where base's entries are added", () => {
  const own = [
    { path: 'catalog.yml', text: 'model:\r\n  filepath: data/mine.pkl\r\n# end\r\n' },
    { path: 'catalog_sql.yml', text: 'table: {table_name: t}\n' },
  ];
  const base = [
    { path: 'catalog.yml', text: 'model:\n  filepath: data/base.pkl\nother:\n  filepath: data/other.pkl\n' },
    { path: 'catalog/deep.yml', text: '\uFEFFdeep: {filepath: data/deep.pkl}' },
    { path: 'catalog/braces.yml', text: '{braces: {filepath: data/braces.pkl}}' },
    { path: 'catalog/jinja.yml', text: '{% for x in y %}\nloop:\n  filepath: data/loop.pkl\n{% endfor %}\n' },
  ];
  const { files, left } = moveCatalog({
    own,
    base,
    datasets: ['mine', 'other', 'deep', 'braces', 'loop'].map((name) =>
      local(name === 'mine' ? 'model' : name, `data/${name}.pkl`),
    ),
    bucket: 's3://b',
  });
  assert.deepEqual(files, [
    {
      path: 'catalog.yml',
      text: 'model:\r\n  filepath: s3://b/data/mine.pkl\r\n# end\n\nother:\n  filepath: s3://b/data/other.pkl\n',
    },
    { path: 'catalog/deep.yml', text: 'deep: {filepath: s3://b/data/deep.pkl}\n' },
  ]);
  assert.deepEqual(
    left.map(({ name }) => name),
    ['braces', 'loop'],
  );
});
