import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { positionAt, type Span } from '../src/diagnostics/span.ts';
import { findingsOf, loadCase } from './support/findings.ts';

type Files = Readonly<Record<string, string | Buffer>>;

const SETTINGS = join('conf', 'base', 'wherry.yml');
const OLD_SETTINGS = join('conf', 'base', 'airflow-k8s.yaml');
const CATALOG = join('conf', 'base', 'catalog.yml');
const DESCRIPTION = JSON.stringify({
  nodes: { n: { inputs: ['raw'], outputs: ['model'] } },
  datasets: { raw: { path: 's3://shop/raw.csv' }, model: { path: 'data/model.pkl' } },
});

/** A project of these files, which goes at the end. */
function projectOf(files: Files) {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-odd-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** `code line:column` of each finding, without what is missing in the settings of a small case. */
async function foundIn(files: Files): Promise<string[]> {
  using project = projectOf(files);
  const found = await findingsOf(project.folder);
  return found
    .filter(({ code }) => !/^(config\/value-missing|config\/kubernetes|config\/volume|airflow-k8s\/daily)/.test(code))
    .map(({ code, span }) => `${code} ${placeOf(span)}`);
}

function placeOf(span: Span | undefined): string {
  if (span === undefined) return 'nowhere';
  const { line, column } = positionAt(span.file, span.start);
  return `${line}:${column}`;
}

/** Of billion laughs: each line stands for twice the one before. */
const BOMB = Array.from({ length: 60 }, (_, at) => `k${at}: &k${at} [${at === 0 ? 'x' : `*k${at - 1}, *k${at - 1}`}]`);

/** What is wrong in the form of a text, whatever it is for. */
const BROKEN: Readonly<Record<string, readonly [text: string | Buffer, place: string]>> = {
  'a key twice': ['name: a\nnodes: []\nname: b\n', '3:1'],
  'a tab for indentation': ['name: a\nnodes:\n\tx: 1\n', '3:1'],
  'a tab after CRLF and a byte order mark': ['\uFEFFname: a\r\nnodes:\r\n\tx: 1\r\n', '3:1'],
  'aliases of aliases': [`name: a\n${BOMB.join('\n')}\n`, '15:12'],
  'an alias of itself': ['name: &a [*a]\n', '1:11'],
  'an alias of nothing': ['name: a\nnodes: *b\n', '2:8'],
  'one anchor twice': ['name: &a x\nnodes: &a []\n', '2:11'],
  'depth without end': [`name: ${'['.repeat(1e5)}`, '1:1'],
  'a loop of Jinja': ['name: a\nnodes:\n{% for x in y %}\n  - name: {{ x }}\n{% endfor %}\n', '3:1'],
  'a value of Jinja': ['name: {{ name }}\n', '1:8'],
  'another encoding': [Buffer.from('\uFEFFname: a\n', 'utf16le'), '1:1'],
  'a letter of another encoding': [Buffer.from('# Größe\nname: a\n', 'latin1'), '1:5'],
  'a control character': ['name: "a\u0007b"\n', '1:9'],
  'two documents': ['name: a\n---\nname: b\n', '2:1'],
  'a tag that nobody knows': ['name: !Ref a\n', '1:7'],
};

test('odd files: what is wrong in the form of settings and pipelines is one finding in its place', async () => {
  for (const [what, [text, place]] of Object.entries(BROKEN)) {
    for (const file of [SETTINGS, OLD_SETTINGS]) {
      const found = await foundIn({ 'description.json': DESCRIPTION, [file]: text });
      const syntax = found.filter((one) => one.startsWith('config/syntax'));
      assert.deepEqual(syntax, [`config/syntax ${place}`], `${what} in ${file}: ${found.join(', ')}`);
    }
    assert.deepEqual(await foundIn({ 'pipeline.yml': text }), [`pipeline/syntax ${place}`], what);
  }
});

test('odd files: anchors, merge keys, CRLF, lone CR, a byte order mark and keys of other types are read', async () => {
  const settings = (text: string) => foundIn({ 'description.json': DESCRIPTION, [SETTINGS]: text });
  const sizes = 'resources:\n  __default__: &small {vcpu: 1, memory: 2Gi}\n  n: {<<: *small, memory: 4Gi}\n';
  assert.deepEqual(await settings(sizes), []);
  assert.deepEqual(await settings(sizes.replaceAll('\n', '\r\n')), []);
  assert.deepEqual(await settings(`\uFEFF${sizes}`), []);
  assert.deepEqual(await settings(sizes.replace('vcpu: 1', 'vcpus: 1')), [
    'config/unknown-key 2:24',
    'config/unknown-key 2:24',
  ]);
  for (const lineBreak of ['\n', '\r\n', '\r'])
    assert.deepEqual(await settings(`grouping: node${lineBreak}spil: s3://b/s${lineBreak}`), [
      'config/unknown-key 2:1',
    ]);
  assert.deepEqual(await settings('\uFEFFspil: s3://b/s\n'), ['config/unknown-key 1:1']);
  assert.deepEqual(await settings('execution_engine:\n  on: 1\n  7: 2\n  ~: 3\n'), [
    'config/unknown-key 2:3',
    'config/unknown-key 3:3',
    'config/unknown-key 4:3',
  ]);
  for (const nothing of ['', '# a comment\n', '---\n', '{}']) assert.deepEqual(await settings(nothing), [], nothing);
  for (const noMap of ['- a\n', 'hello\n', '7']) assert.deepEqual(await settings(noMap), ['config/invalid 1:1'], noMap);
});

test('odd files: names that JavaScript has for itself are names as any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const sizes = names.map((name) => `    ${name}: { limits: { cpu: 2 } }`).join('\n');
  const found = await foundIn({
    'description.json': DESCRIPTION,
    [OLD_SETTINGS]: `run_config:\n  resources:\n${sizes}\n`,
  });
  assert.ok(found.includes('config/names-nothing 4:5'), found.join());
  assert.deepEqual(Object.keys(Object.prototype), []);
  const nodes = names.map(
    (name, at) => `  - {name: ${name}, command: [x], inputs: [${names[at - 1] ?? 'raw'}], outputs: [${name}]}`,
  );
  const pipeline = `name: odd\nnodes:\n${nodes.join('\n')}\ndatasets: {raw: {path: s3://b/raw}, hasOwnProperty: {path: s3://b/x}}\n`;
  assert.deepEqual(await foundIn({ 'pipeline.yml': pipeline }), []);
});

test('odd files: what only loaders of Kedro fill in is named at its place', async () => {
  const text = 'image: ${globals:image}\nspill: "s3://${bucket}/spill"\ngrouping: ${globals.grouping}\n';
  const found = await foundIn({ 'description.json': DESCRIPTION, [SETTINGS]: text });
  assert.deepEqual(found, [
    'config/unresolved-variable 1:8',
    'config/unresolved-variable 2:8',
    'config/unresolved-variable 3:11',
  ]);
  const nested = 'execution_engine:\n  env:\n    A: ${oc.env:A,${oc.env:B}}\n    B: \\${HOME}\n';
  assert.deepEqual(await foundIn({ 'description.json': DESCRIPTION, [SETTINGS]: nested }), [
    'config/unresolved-variable 3:8',
  ]);
});

test('odd files: a folder in the place of settings is told, a catalog that is none is passed over', async () => {
  using project = projectOf({
    'description.json': DESCRIPTION,
    [join(SETTINGS, 'x')]: '',
    [join('conf', 'base', 'catalog_folder.yml', 'x')]: '',
  });
  symlinkSync('/nowhere/at/all', join(project.folder, 'conf', 'base', 'catalog_link.yml'));
  const found = await findingsOf(project.folder);
  const syntax = found.filter(({ code }) => code === 'config/syntax');
  assert.match(syntax[0]?.message ?? '', /wherry\.yml cannot be read: it is a folder/);
});

/** Where the entry of the one local dataset is found to stand. */
async function entryIn(files: Files): Promise<string> {
  using project = projectOf({ 'description.json': DESCRIPTION, ...files });
  const loaded = await loadCase(project.folder);
  assert.ok(loaded.kind === 'loaded');
  const model = loaded.project.catalog.get('model');
  const span = model && loaded.locateDataset(model, 'filepath');
  return span === undefined ? 'nowhere' : `${span.file.path} ${placeOf(span)}`;
}

test('odd files: an entry of the catalog is found in thirty files and folders, behind anchors, whatever the others are', async () => {
  const entry = (name: string) => `${name}:\n  type: T\n  filepath: data/${name}.pkl\n`;
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [
      join('conf', 'base', 'catalog', `part${at % 5}`, `c${at}.yml`),
      entry(at === 17 ? 'model' : `d${at}`),
    ]),
  );
  assert.equal(await entryIn(many), 'conf/base/catalog/part2/c17.yml 3:13');
  assert.equal(
    await entryIn({ ...many, [join('conf', 'local', 'catalog.yml')]: entry('model') }),
    'conf/local/catalog.yml 3:13',
  );
  assert.equal(
    await entryIn({ [CATALOG]: '_t: &t {type: T, filepath: data/model.pkl}\nmodel:\n  <<: *t\n' }),
    `${CATALOG} 1:28`,
  );
  assert.equal(await entryIn({ [CATALOG]: `\uFEFF${entry('model').replaceAll('\n', '\r\n')}` }), `${CATALOG} 3:13`);
  for (const [what, [text]] of Object.entries(BROKEN)) {
    const broken = join('conf', 'base', 'catalog_a.yml');
    assert.equal(await entryIn({ [broken]: text, [CATALOG]: entry('model') }), `${CATALOG} 3:13`, what);
  }
  const long = Array.from({ length: 10_000 }, (_, at) => `${entry(`d${at}`)}  metadata: "${'x'.repeat(960)}"\n`).join(
    '',
  );
  assert.equal(await entryIn({ [CATALOG]: `${long}${entry('model')}` }), `${CATALOG} 40003:13`);
});
