import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { EXAMPLE, examplePython, projectCopy, root, wherry } from './support/cli.ts';
import { pythonEnv } from './support/python-env.ts';

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

interface Json {
  readonly diagnostics: readonly {
    code: string;
    message: string;
    file: string;
    range: { start: { line: number; column: number } };
  }[];
}

async function check(folder: string, python: string, ...words: string[]) {
  const { stdout } = await wherry(['check', '-C', folder, '--python', python, '--format', 'json', ...words]);
  const { diagnostics } = JSON.parse(stdout) as Json;
  return diagnostics.map(({ code, message, file, range }) => ({
    code,
    message,
    at: file && `${file}:${range.start.line}:${range.start.column}`,
  }));
}

test('odd catalogs: in thirty files and folders, with anchors, CRLF and byte order marks, all is found where it stands', async () => {
  await using project = await projectCopy(EXAMPLE);
  const base = join(project.folder, 'conf', 'base');
  const catalog = await readFile(join(base, 'catalog.yml'), 'utf8');
  const entries = catalog.split(/\n(?=["\w])/).filter((part) => /^["\w]/.test(part));
  const parts = [
    ...entries,
    ...Array.from({ length: 30 - entries.length }, (_, at) => `unused_${at}: {type: MemoryDataset}`),
  ];
  await rm(join(base, 'catalog.yml'));
  await write(
    base,
    Object.fromEntries(
      parts.map((part, at) => {
        const anchored = `_${at}: &csv_${at} {index: false}\n${part.replace(/save_args:\n +index: false/, `save_args: *csv_${at}`)}\n`;
        return [
          join('catalog', `part ${at % 4}`, `${at}.yml`),
          at % 2 === 0 ? anchored : `\uFEFF${anchored.replaceAll('\n', '\r\n')}`,
        ];
      }),
    ),
  );
  const python = await examplePython();
  assert.deepEqual(await check(project.folder, python), []);
  const onFargate = ['--engine', 'aws-fargate', '--grouping', 'pipeline'];
  const local = (await check(project.folder, python, ...onFargate)).filter(
    ({ code }) => code === 'data/local-path-on-fargate',
  );
  assert.equal(local.length, 10);
  for (const { at, message } of local) assert.match(at, /^conf\/base\/catalog\/part \d\/\d+\.yml:4:13$/, message);
});

test('odd catalogs: what Kedro cannot load is told for each file at its place, whatever Kedro says of it', async () => {
  await using project = await projectCopy(EXAMPLE);
  const python = await examplePython();
  const base = join(project.folder, 'conf', 'base');
  await write(base, {
    'catalog_a.yml': 'a:\n  type: T\n\tfilepath: x\n',
    'catalog_b.yml': 'b: {type: T}\nb: {type: U}\n',
    'catalog_c.yml': '7: {type: T}\nyes: {type: T}\n',
    'catalog_d.yml': '- a\n',
    'parameters_e.yml': '{% set x = 1 %}\ne: {{ x }}\n',
    'globals_f.yml': 'f: !Ref x\n',
  });
  const found = await check(project.folder, python);
  assert.ok(found.every(({ code }) => code === 'project/config-broken'));
  assert.deepEqual(
    found.map(({ at }) => at.slice('conf/base/'.length)),
    [
      'catalog_a.yml:3:1',
      'catalog_b.yml:2:1',
      'catalog_c.yml:1:1',
      'catalog_c.yml:2:1',
      'catalog_d.yml:1:1',
      'globals_f.yml:1:4',
      'parameters_e.yml:1:1',
    ],
  );
  for (const name of ['catalog_a', 'catalog_b', 'catalog_c', 'catalog_d', 'parameters_e', 'globals_f'])
    await rm(join(base, `${name}.yml`));
  await write(base, { 'catalog_g.yml': 'g.raw:\n  type: T\n  load_args: {path: "${data_root}/g"}\n' });
  const [one, ...others] = await check(project.folder, python);
  assert.deepEqual([one?.at, others], ['conf/base/catalog_g.yml:3:21', []]);
  assert.match(one?.message ?? '', /Interpolation key 'data_root' not found$/);
  const laughs = Array.from(
    { length: 40 },
    (_, at) => `_${at}: &k${at} [${at === 0 ? 'x' : `*k${at - 1}, *k${at - 1}`}]`,
  );
  await write(base, { 'catalog_g.yml': `${laughs.join('\n')}\n` });
  assert.match((await check(project.folder, '/bin/false'))[0]?.message ?? '', /catalog_g.yml .*the aliases stand for/);
});

const OLD = {
  'pyproject.toml': '[tool.kedro]\npackage_name = "old"\nproject_name = "Old"\nkedro_init_version = "0.18.14"\n',
  'src/old/__init__.py': '',
  'src/old/settings.py': `from kedro.config import TemplatedConfigLoader
CONFIG_LOADER_CLASS = TemplatedConfigLoader
CONFIG_LOADER_ARGS = {"globals_pattern": "*globals.yml", "globals_dict": {"stage": "raw"}}
`,
  'src/old/pipeline_registry.py': `from kedro.pipeline import Pipeline, node
def same(*x): return x
def register_pipelines():
    copies = [node(same, f"in_{c}", f"out_{c}", name=f"copy_{c}") for c in ("a", "b")]
    return {"__default__": Pipeline([*copies, node(same, ["out_a", "out_b"], "model", name="train")])}
`,
  'conf/local/.gitkeep': '',
  'conf/base/globals.yml': 'bucket: s3://shop\n',
  'conf/base/catalog.yml': `{% for c in ["a", "b"] %}
in_{{ c }}:
  type: pandas.CSVDataSet
  filepath: \${bucket}/\${stage}/{{ c }}.csv
out_{{ c }}: {type: pandas.CSVDataSet, filepath: "\${bucket}/out/{{ c }}.csv"}
{% endfor %}
`,
  'conf/base/catalog/models.yml':
    '_pkl: &pkl\n  type: pickle.PickleDataSet\nmodel:\n  <<: *pkl\n  filepath: data/model.pkl\n',
};

test("odd catalogs: Jinja and placeholders of Kedro 0.18's TemplatedConfigLoader are filled in by it, and named where it cannot", async () => {
  const python = await pythonEnv('kedro-0.18', join(root, 'bridge', 'tests', 'requirements-kedro-0.18.txt'));
  const folder = await mkdtemp(join(tmpdir(), 'wherry-old-'));
  await write(folder, OLD);
  const snapshot = JSON.parse((await wherry(['snapshot', '-C', folder, '--python', python])).stdout) as {
    datasets: Record<string, { path: string }>;
  };
  assert.equal(snapshot.datasets['in_b']?.path, 's3://shop/raw/b.csv');
  const found = await check(folder, python, '--engine', 'aws-fargate');
  const [local] = found.filter(({ code }) => code.startsWith('data/local'));
  assert.equal(local?.at, 'conf/base/catalog/models.yml:5:13');
  assert.deepEqual(
    found.filter(({ code }) => code.startsWith('project/')),
    [],
  );
  await write(folder, { 'conf/base/globals.yml': 'buckett: s3://shop\n' });
  const [broken, ...others] = await check(folder, python);
  assert.deepEqual([broken?.code, broken?.at, others], ['project/config-broken', 'conf/base/catalog.yml:4:13', []]);
  await rm(folder, { recursive: true });
});
