import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from './load-config.ts';

async function load(files: Record<string, string>, variables: Record<string, string> = {}, env = 'fargate') {
  const root = await mkdtemp(join(tmpdir(), 'wherry-config-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  try {
    return await loadConfig({ root, confSource: 'conf', env, variables });
  } finally {
    await rm(root, { recursive: true });
  }
}

test('config: maps of the env merge into those of base, lists and scalars replace', async () => {
  const { config } = await load({
    'conf/base/wherry.yml':
      'execution_engine: {type: local, subnets: [a, b], env: {A: 1, B: 2}}\npaths: {"data/": "s3://b/data/"}\n',
    'conf/fargate/wherry.yml': 'execution_engine: {type: aws-fargate, subnets: [c], env: {B: 3}}\n',
  });
  assert.equal(config?.values.execution_engine.type, 'aws-fargate');
  assert.deepEqual(config?.values.execution_engine.subnets, ['c']);
  assert.deepEqual(config?.values.execution_engine.env, { A: '1', B: '3' });
  assert.deepEqual(config?.values.paths, { 'data/': 's3://b/data/' });
  assert.equal(config?.locate(['execution_engine', 'env', 'A'])?.file.path, 'conf/base/wherry.yml');
  assert.equal(config?.locate(['execution_engine', 'env', 'B'])?.file.path, 'conf/fargate/wherry.yml');
});

test("config: kedro-airflow's airflow.yml is read for Airflow, below wherry.yml, the pipeline's section over the default", async () => {
  const root = await mkdtemp(join(tmpdir(), 'wherry-config-'));
  const files = {
    'conf/base/airflow.yml':
      'default: {schedule_interval: "@daily", retries: 1, owner: base}\ntrain: {retry_delay: 5, owner: trainers}\n',
    'conf/local/airflow.yml': 'default: {start_date: [2026, 1, 1], retries: 2, owner: local}\n',
    'conf/local/wherry.yml': 'airflow: {default_args: {retries: 7}}\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const load = (airflowOf?: string) => loadConfig({ root, confSource: 'conf', env: 'local', variables: {}, airflowOf });
  const { config } = await load('train');
  assert.deepEqual(config?.values.airflow.dag, { start_date: '2026-01-01' }, "the env's section replaces that of base");
  assert.deepEqual(config?.values.airflow.default_args, { retries: 7, owner: 'trainers', retry_delay: 300 });
  assert.equal(config?.locate(['airflow', 'default_args', 'retry_delay'])?.file.path, 'conf/base/airflow.yml');
  assert.deepEqual((await load()).config?.values.airflow.default_args, { retries: 7 });
  await rm(root, { recursive: true });
});

test('config: without a file every setting has its default', async () => {
  const { config, diagnostics } = await load({});
  assert.deepEqual(diagnostics, []);
  assert.equal(config?.values.execution_engine.type, 'local');
  assert.equal(config?.values.grouping, 'memory');
  assert.equal(config?.values.spill, undefined);
});

test('config: variables are replaced in both spellings, with defaults, in the middle of a text too', async () => {
  const text = 'image: "${oc.env:REPO}/shop:${env:TAG,latest}"\nspill: s3://${oc.env:BUCKET, "fallback"}/spill\n';
  const { config, diagnostics } = await load({ 'conf/base/wherry.yml': text }, { REPO: 'registry' });
  assert.deepEqual(diagnostics, []);
  assert.equal(config?.values.image, 'registry/shop:latest');
  assert.equal(config?.values.spill?.location, 's3://fallback/spill');
});

test('config: all mistakes of all files come at once', async () => {
  const { config, diagnostics } = await load({
    'conf/base/wherry.yml': 'grouping: magic\nfoo: 1\n',
    'conf/fargate/wherry.yml': 'execution_engine: {type: fargate, sub_nets: []}\nspill: nowhere\n',
  });
  assert.equal(config, undefined);
  const found = diagnostics.map(({ code, span }) => `${code} ${span?.file.path}`).sort();
  assert.deepEqual(found, [
    'config/invalid conf/base/wherry.yml',
    'config/invalid conf/fargate/wherry.yml',
    'config/invalid conf/fargate/wherry.yml',
    'config/unknown-key conf/base/wherry.yml',
    'config/unknown-key conf/fargate/wherry.yml',
  ]);
});

test('config: what is not a map of settings is a finding, not a crash', async () => {
  for (const text of [
    '- a\n- b\n',
    'just text\n',
    '5\n',
    'execution_engine: 3\n',
    'resources: [1]\n',
    'paths: {1: 2}\n',
    'null\n',
    '',
  ]) {
    const { config, diagnostics } = await load({ 'conf/base/wherry.yml': text });
    assert.ok(config !== undefined || diagnostics.length > 0, text);
  }
});
