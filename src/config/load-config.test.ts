import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { hasErrors } from '../diagnostics/diagnostic.ts';
import { recorder } from '../store/recorder.ts';
import { loadConfig } from './load-config.ts';

async function load(files: Record<string, string>, variables: Record<string, string> = {}, env = 'fargate') {
  const root = await mkdtemp(join(tmpdir(), 'wherry-config-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  try {
    return loadConfig({ root, confSource: 'conf', env, ...recorder(variables) });
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
  const load = (airflowOf?: string) =>
    loadConfig({ root, confSource: 'conf', env: 'local', ...recorder({}), airflowOf });
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

test('config: what is of the wrong form is said with the value, at its place, and how to write it', async () => {
  const cases: [text: string, message: RegExp, at: string][] = [
    ['timeout: soon', /timeout: 'soon' is no duration: write 35 \(seconds\)/, 'soon'],
    ['resources: {a: {timeout: -1}}', /resources.a.timeout: '-1' is no duration/, '-1'],
    ['airflow: {default_args: {execution_timeout: long}}', /execution_timeout: 'long' is no duration/, 'long'],
    ['retries: {platform: 1.5}', /retries.platform: .*int.*'1.5'/, '1.5'],
    ['retries: {spot: -1}', /retries.spot: .*>=0.*'-1'/, '-1'],
    ['retries: {oom: shrink}', /retries.oom: expected one of fail, grow, not 'shrink'$/, 'shrink'],
    ['allowed_account_ids: [12345]', /'12345' is no account: write its twelve digits in quotes/, '12345'],
    ['allowed_account_ids: ["12345678901x"]', /'12345678901x' is no account/, '"12345678901x"'],
    ['spill: {location: s3://b/p, keep: 2w}', /spill.keep: '2w' is no time to keep it: write never/, '2w'],
    ['image_check: maybe', /image_check: expected boolean, not 'maybe'$/, 'maybe'],
    ['cache: {env: [1]}', /cache.env.0: .*string.*'1'/, '1'],
    ['groups: {train: {a: b}}', /groups.train: .*array/, '{a: b}'],
    ['estimates: {train: long}', /estimates.train: 'long' is no duration/, 'long'],
    ['execution_engine: {efs: {mnt: fs-01234567}}', /'mnt' is no path in a container: it must begin with \//, 'mnt'],
    ['execution_engine: {efs: {/mnt: shared}}', /efs.\/mnt.*'shared' is no file system: ids look like/, 'shared'],
    [
      'execution_engine: {efs: {/mnt: {file_system_id: fs-01234567, access_point_id: fsap-01234567, root_directory: /a}}}',
      /root_directory: '\/a' and an access point/,
      '/a',
    ],
    ['execution_engine: {sidecars: {"a b": {image: x}}}', /'a b' is no name of a container/, '"a b"'],
    ['execution_engine: {sidecars: {a: {memory: 1Gi}}}', /sidecars.a.image is missing/, '{memory: 1Gi}'],
    [
      'execution_engine: {sidecars: {a: {image: x, essential: yes, condition: SUCCESS}}}',
      /condition: 'SUCCESS' waits for its end, and the task ends with an essential container/,
      'SUCCESS',
    ],
    [
      'execution_engine: {sidecars: {a: {image: x, condition: HEALTHY}}}',
      /condition: 'HEALTHY' needs a health_check/,
      'HEALTHY',
    ],
    [
      'execution_engine: {capacity_provider_strategy: [{capacity_provider: FARGATE}]}',
      /capacity_provider_strategy: .*write weight: 1/,
      '[{capacity_provider: FARGATE}]',
    ],
    [
      'execution_engine: {capacity_provider_strategy: [{capacity_provider: my-ec2, weight: 1}]}',
      /0.capacity_provider: expected one of FARGATE, FARGATE_SPOT, not 'my-ec2'$/,
      'my-ec2',
    ],
  ];
  for (const [text, message, at] of cases) {
    const { diagnostics } = await load({ 'conf/base/wherry.yml': `${text}\n` });
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['config/invalid'],
      `${text}: ${diagnostics.map((item) => item.message).join('; ')}`,
    );
    const [{ message: said, span }] = diagnostics as [(typeof diagnostics)[number]];
    assert.match(said, message);
    assert.equal(span && text.slice(span.start, span.end), at, text);
  }
});

test('config: short forms and the words of YAML 1.1 and of the API mean what they say', async () => {
  const { config, diagnostics } = await load({
    'conf/base/wherry.yml': [
      'image_check: off',
      'timeout: 1:30:00',
      'allowed_account_ids: 123456789012',
      'resources: {big: {timeout: 2h}}',
      'estimates: {train: 1.5m}',
      'groups: {last: report}',
      'cache: {env: COUNTRY}',
      'execution_engine: {efs: {/mnt/a: fs-01234567, /mnt/b: {file_system_id: fs-01234567, iam: ENABLED}}}',
    ].join('\n'),
  });
  const { values } = config;
  assert.equal(values.image_check, false);
  assert.equal(values.timeout, 5400, 'YAML 1.1 counts by sixty');
  assert.equal(values.resources['big']?.timeout, 7200);
  assert.equal(values.estimates['train'], 90);
  assert.deepEqual(values.allowed_account_ids, ['123456789012']);
  assert.deepEqual(values.groups, { last: ['report'] });
  assert.deepEqual(values.cache.env, ['COUNTRY']);
  assert.deepEqual(
    Object.values(values.execution_engine.efs).map(({ file_system_id: id, iam }) => [id, iam]),
    [
      ['fs-01234567', false],
      ['fs-01234567', true],
    ],
  );
  assert.deepEqual(
    diagnostics.map(({ code, message }) => [code, message.split("'")[1]]),
    ['allowed_account_ids', 'env', 'last'].map((key) => ['config/scalar-for-list', key]),
  );
});

test('config: a wrong value that is made from a variable is said at the place that uses it, and nothing else is', async () => {
  const text =
    'timeout: ${oc.env:LIMIT}\nretries: {oom: "${oc.env:OOM,fail}"}\nspill: {location: s3://b/p, keep: "${oc.env:KEEP}"}\n';
  const { config, diagnostics } = await load({ 'conf/base/wherry.yml': text }, { LIMIT: 'soon', OOM: 'grow' });
  const found = diagnostics.map(({ code, span }) => [code, span && text.slice(span.start, span.end)]);
  assert.deepEqual(found, [
    ['config/unresolved-variable', '"${oc.env:KEEP}"'],
    ['config/invalid', '${oc.env:LIMIT}'],
  ]);
  assert.equal(config.values.retries.oom, 'grow');
  assert.deepEqual(
    config.madeFrom.map(({ variables }) => variables),
    [['LIMIT'], ['OOM'], ['KEEP']],
  );
});
