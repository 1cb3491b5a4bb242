import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requestOf } from '../../../test/support/findings.ts';
import { positionAt } from '../../diagnostics/span.ts';
import { yamlLoader } from './load.ts';

async function load(text: string, env?: string) {
  const root = await mkdtemp(join(tmpdir(), 'wherry-test-'));
  try {
    await writeFile(join(root, 'pipeline.yml'), text);
    await mkdir(join(root, 'conf', 'fargate'), { recursive: true });
    const request = requestOf(root, { env });
    assert.equal(yamlLoader.recognises(request), true);
    return await yamlLoader.load(request);
  } finally {
    await rm(root, { recursive: true });
  }
}

const SHOP = `
name: My Shop
nodes:
  - name: report
    command: [python3, report.py, 7]
    inputs: [orders]
    after: [mail]
    duration: 1.5m
    parallel: false
  - name: mail
    command: echo hello
    env: { VERBOSE: true, LEVEL: 3 }
  - name: clean
    command: sort "$WHERRY_IN_RAW" > "$WHERRY_OUT_ORDERS"
    inputs: [raw]
    outputs: [orders]
    vcpu: 500m
    memory: 2Gi
datasets:
  raw: { path: s3://shop/raw.csv }
`;

test('pipeline.yml: becomes the same nouns as a Kedro project, nodes in topological order', async () => {
  const loaded = await load(SHOP, 'fargate');
  assert.ok(loaded.kind === 'loaded', JSON.stringify(loaded));
  const { project, locateDataset, locateNode } = loaded;
  assert.deepEqual(
    [project.name, project.packageName, project.env, project.confSource],
    ['my-shop', 'My Shop', 'fargate', 'conf'],
  );
  const nodes = project.pipelines.get('__default__')?.nodes ?? [];
  assert.deepEqual(
    nodes.map(({ name }) => name),
    ['clean', 'mail', 'report'],
  );
  const [clean, mail, report] = nodes;
  assert.deepEqual(clean?.program?.command.slice(0, 2), ['sh', '-c']);
  assert.deepEqual([clean?.program?.vcpu, clean?.program?.memoryMiB], [0.5, 2048]);
  assert.deepEqual(mail?.program?.env, { VERBOSE: 'true', LEVEL: '3' });
  assert.deepEqual(report?.program?.command, ['python3', 'report.py', '7']);
  assert.deepEqual([report?.program?.seconds, report?.program?.isAlone, report?.after], [90, true, ['mail']]);
  const raw = project.catalog.get('raw');
  assert.deepEqual([raw?.kind, project.catalog.has('orders')], ['remote', false]);

  const span = raw && locateDataset(raw, 'path');
  assert.deepEqual(span && positionAt(span.file, span.start), { line: 20, column: 16 });
  const place = clean && locateNode(clean);
  assert.deepEqual(place && positionAt(place.file, place.start), { line: 13, column: 11 });
});

test('pipeline.yml: an env without a folder is refused, and without one asked for none is needed', async () => {
  const refused = await load(SHOP, 'prod');
  assert.ok(refused.kind === 'usage');
  assert.match(refused.message, /no environment 'prod'/);
  const loaded = await load(SHOP);
  assert.ok(loaded.kind === 'loaded' && loaded.project.env === 'local');
});

test('pipeline.yml: mistakes of form and of sense are found in one run', async () => {
  const text = SHOP.replace('name: mail', 'name: clean').replace('1.5m', 'long').replace('memory: 2Gi', 'memry: 2Gi');
  const loaded = await load(text);
  assert.ok(loaded.kind === 'failed');
  assert.deepEqual(loaded.diagnostics.map(({ code }) => code).sort(), ['pipeline/invalid', 'pipeline/unknown-key']);
  const twice = await load(SHOP.replace('name: mail', 'name: clean').replace('[raw]', '[row]'));
  assert.ok(twice.kind === 'failed');
  assert.deepEqual(twice.diagnostics.map(({ code }) => code).sort(), [
    'pipeline/name-taken',
    'pipeline/no-source',
    'pipeline/unknown-node',
  ]);
});

test('pipeline.yml: whatever stands in the file, it is a finding and not a crash', async () => {
  for (const text of [
    '',
    'x',
    '[]',
    'nodes: 3',
    'name: x\nnodes: []',
    'name: x\nnodes: [7]',
    'nodes: [{inputs: [[]]}]',
  ]) {
    const loaded = await load(text);
    assert.ok(loaded.kind === 'failed' && loaded.diagnostics.length > 0, text);
  }
});
