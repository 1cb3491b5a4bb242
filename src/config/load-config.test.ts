import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { hasErrors } from '../diagnostics/diagnostic.ts';
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
  assert.equal(config.values.execution_engine.type, 'aws-fargate');
  assert.deepEqual(config.values.execution_engine.subnets, ['c']);
  assert.deepEqual(config.values.execution_engine.env, { A: '1', B: '3' });
  assert.deepEqual(config.values.paths, { 'data/': 's3://b/data/' });
  assert.equal(config.locate(['execution_engine', 'env', 'A'])?.file.path, 'conf/base/wherry.yml');
  assert.equal(config.locate(['execution_engine', 'env', 'B'])?.file.path, 'conf/fargate/wherry.yml');
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
  assert.deepEqual(config.values.airflow.dag, { start_date: '2026-01-01' }, "the env's section replaces that of base");
  assert.deepEqual(config.values.airflow.default_args, { retries: 7, owner: 'trainers', retry_delay: 300 });
  assert.equal(config.locate(['airflow', 'default_args', 'retry_delay'])?.file.path, 'conf/base/airflow.yml');
  assert.deepEqual((await load()).config.values.airflow.default_args, { retries: 7 });
  await rm(root, { recursive: true });
});

test('config: without a file every setting has its default', async () => {
  const { config, diagnostics } = await load({});
  assert.deepEqual(diagnostics, []);
  assert.equal(config.values.execution_engine.type, 'local');
  assert.equal(config.values.grouping, 'memory');
  assert.equal(config.values.spill, undefined);
});

test('config: variables are replaced in both spellings, with defaults, in the middle of a text too', async () => {
  const text = 'image: "${oc.env:REPO}/shop:${env:TAG,latest}"\nspill: s3://${oc.env:BUCKET, "fallback"}/spill\n';
  const { config, diagnostics } = await load({ 'conf/base/wherry.yml': text }, { REPO: 'registry' });
  assert.deepEqual(diagnostics, []);
  assert.equal(config.values.image, 'registry/shop:latest');
  assert.equal(config.values.spill?.location, 's3://fallback/spill');
});

test('config: all mistakes of all files come at once', async () => {
  const { config, diagnostics } = await load({
    'conf/base/wherry.yml': 'grouping: magic\nfoo: 1\n',
    'conf/fargate/wherry.yml': 'execution_engine: {type: fargate, sub_nets: []}\nspill: nowhere\n',
  });
  assert.deepEqual(
    [config.values.grouping, config.values.execution_engine.type],
    ['memory', 'local'],
    'what is wrong is out',
  );
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
    assert.equal(config.values.grouping, 'memory');
    assert.equal(hasErrors(diagnostics), !['null\n', ''].includes(text), text);
  }
});

test('config: an airflow-k8s file is read with its own places, defaults and way of merging, below wherry.yml', async () => {
  const upstream = [
    'execution_engine: {cluster: ml}',
    'run_config:',
    '  image: repo/shop:${commit_id}',
    '  cron_expression: "0 3 * * *"',
    '  start_date: "20210721"',
    '  description: every night',
    '  resources:',
    '    big: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 8Gi}}',
  ].join('\n');
  const variables = { KEDRO_CONFIG_COMMIT_ID: 'abc123' };
  const { config, diagnostics } = await load(
    { 'conf/base/airflow-k8s.yaml': upstream, 'conf/base/wherry.yml': 'airflow: {dag: {description: ours}}\n' },
    variables,
  );
  assert.deepEqual(diagnostics, []);
  const { values } = config;
  assert.equal(values.image, 'repo/shop:abc123');
  assert.deepEqual(values.airflow.dag, { schedule: '0 3 * * *', start_date: '2021-07-21', description: 'ours' });
  assert.deepEqual(values.resources, { big: { vcpu: 0.5, memory: 8192 } });
  assert.equal(values.grouping, 'node');
  assert.equal(values.execution_engine.type, 'kubernetes');
  assert.equal(values.run_config.volume?.disabled, false);
  assert.deepEqual(
    config.madeFrom.map(({ variables: names }) => names),
    [['KEDRO_CONFIG_COMMIT_ID']],
  );
  const written = (path: string[]) => {
    const span = config.locate(path);
    return span && [span.file.path, span.file.text.slice(span.start, span.end)];
  };
  assert.deepEqual(written(['image']), ['conf/base/airflow-k8s.yaml', 'repo/shop:${commit_id}']);
  assert.deepEqual(written(['resources', 'big', 'vcpu']), ['conf/base/airflow-k8s.yaml', '500m']);
  assert.deepEqual(written(['airflow', 'dag', 'description']), ['conf/base/wherry.yml', 'ours']);
});

test('config: a key at the top of an airflow-k8s file of the env replaces that of base, and what it hides is said', async () => {
  const { config, diagnostics } = await load({
    'conf/base/airflow-k8s.yml':
      'run_config: {run_name: night, experiment_name: shop}\nexecution_engine: {cluster: ml}\n',
    'conf/fargate/airflow-k8s-prod.yaml': 'run_config: {run_name: day, group_spark_nodes: yes}\n',
  });
  assert.deepEqual([config.values.run_config.run_name, config.values.run_config.experiment_name], ['day', undefined]);
  assert.equal(config.values.execution_engine.cluster, 'ml');
  assert.equal(config.values.grouping, 'memory', 'group_spark_nodes');
  assert.deepEqual(
    diagnostics.map(({ code, span }) => [code, span?.file.path]),
    [['airflow-k8s/hidden-key', 'conf/base/airflow-k8s.yml']],
  );
});

test('config: the flat files of 2021 and what is not valid YAML are read as far as sense allows', async () => {
  const flat =
    'image: shop:1\nimagePullPolicy: Always\nnamespace: airflow\naccessMode: ReadWriteOnce\nrequestStorage: 1Gi\n';
  const old = await load({ 'conf/base/airflow-k8s.yaml': flat });
  assert.deepEqual(
    old.diagnostics.map(({ code }) => code),
    Array(4).fill('airflow-k8s/old-spelling'),
  );
  assert.deepEqual(old.config.values.run_config.volume?.access_modes, ['ReadWriteOnce']);
  // As the plugin's own documentation has it: a comment without #, a comma after a quoted value.
  const documented =
    'run_config:\n  image: shop:1\n  tolerations:\n    - operator: "Equal",\n      value: x\n  namespcae: airflow\n';
  const broken = await load({ 'conf/base/airflow-k8s.yaml': documented });
  const codes = broken.diagnostics.map(({ code }) => code);
  assert.ok(codes.includes('config/syntax') && codes.includes('config/unknown-key'), codes.join());
  assert.equal(broken.config.values.image, 'shop:1');
});
