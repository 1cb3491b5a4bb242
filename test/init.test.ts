import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../src/config/load-config.ts';
import { configSchema } from '../src/config/schema.ts';
import { settingsFile } from '../src/init/settings-file.ts';
import { recorder } from '../src/store/recorder.ts';
import { readYaml } from '../src/util/yaml-document.ts';
import { EXAMPLE, examplePython, projectCopy, root, wherry } from './support/cli.ts';
import { compareOutputs, runPython } from './support/compare.ts';

const CLUSTER = [
  '--cluster',
  'ml',
  '--subnets',
  'subnet-0123456789abcdef0',
  '--image',
  'registry/bike-hire:1',
  '--task-role',
  'bikes',
];

/** The example with nothing but its own, all-local catalog. */
async function allLocal() {
  const project = await projectCopy(EXAMPLE);
  const settings = join(project.folder, 'conf', 'base', 'wherry.yml');
  await rm(settings);
  const python = ['-C', project.folder, '--python', await examplePython()];
  return { ...project, settings, wherry: (...words: string[]) => wherry([...words, ...python]) };
}

test('init: a file has every key that there is, and is still valid when all of them are set', () => {
  const text = settingsFile({ execution_engine: { cluster: 'ml' } });
  const all = text.replace(/^( *)#( *[a-z_]+:)/gm, '$1$2');
  const { value, errors } = readYaml(all);
  assert.deepEqual(errors, []);
  const parsed = configSchema.safeParse(value);
  assert.ok(parsed.success, JSON.stringify(parsed.error?.issues));
  const engine = configSchema.shape.execution_engine.unwrap().shape;
  const expected = Object.keys(configSchema.shape).filter((key) => !['host', 'output', 'run_config'].includes(key));
  assert.deepEqual(Object.keys(value as object), expected);
  assert.deepEqual(Object.keys((value as { execution_engine: object }).execution_engine), Object.keys(engine));
  assert.doesNotMatch(text, /Any value|: ""$/m);
});

test('init --bucket: an all-local project runs on Fargate with no hand edit, and gives what plain kedro run gives', async () => {
  await using project = await allLocal();
  const written = await project.wherry('init', '--bucket', 's3://wherry-init/bikes/', ...CLUSTER);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stderr, /aws s3 sync \S*data\/01_raw s3:\/\/wherry-init\/bikes\/data\/01_raw\n/);
  const checked = await project.wherry('check');
  assert.equal(checked.stdout, '0 errors, 0 warnings, 0 notes\n');
  const ran = await project.wherry('run', '--emulate');
  assert.equal(ran.status, 0, ran.stderr.slice(-3000));

  await using expected = await projectCopy(EXAMPLE);
  const python = await examplePython();
  const plain = await runPython(python, ['-m', 'kedro', 'run'], { cwd: expected.folder });
  assert.equal(plain.status, 0, plain.output);
  const paths = { 'data/': 's3://wherry-init/bikes/data/' };
  const models = { 'demand.model': 'demand.features' };
  const compared = await compareOutputs({
    python,
    project: project.folder,
    expected: expected.folder,
    env: 'local',
    paths,
    models,
  });
  assert.match(compared.output, /10 of 10 datasets equal/);

  const env = ['-e', 'prod'];
  const again = await project.wherry(
    'init',
    ...env,
    '--bucket',
    's3://wherry-init/moved',
    '--write-catalog',
    ...CLUSTER,
  );
  assert.equal(again.status, 0, again.stderr);
  assert.doesNotMatch(await readFile(join(project.folder, 'conf', 'prod', 'wherry.yml'), 'utf8'), /^paths/m);
  await rm(project.settings);
  assert.equal((await project.wherry('check', ...env)).stdout, '0 errors, 0 warnings, 0 notes\n');
  const moved = await project.wherry('run', ...env, '--emulate', '--grouping', 'pipeline');
  assert.equal(moved.status, 0, moved.stderr.slice(-3000));
  const both = { python, project: project.folder, expected: expected.folder, env: 'prod', paths: {}, models };
  assert.match((await compareOutputs(both)).output, /10 of 10 datasets equal/);
});

test('init: what it is not told stays a placeholder, which is all that check finds and the emulator does not need', async () => {
  await using project = await allLocal();
  await project.wherry('init', '--bucket', 's3://wherry-init/bikes');
  const { diagnostics } = JSON.parse((await project.wherry('check', '--format', 'json')).stdout) as {
    diagnostics: { code: string }[];
  };
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    Array(4).fill('config/placeholder'),
  );
  const planned = await project.wherry('run', '--emulate', '--nodes', 'docks.nothing');
  assert.doesNotMatch(planned.stderr, /placeholder/);
  await rm(project.settings);
  await project.wherry('init');
  const checked = await project.wherry('check');
  assert.match(checked.stdout, /YOUR-BUCKET/);
  assert.doesNotMatch(checked.stdout.replaceAll('[config/placeholder]', ''), /\[\w+\/[\w-]+\]/);
});

test('init: a file that is there is left as it is and the difference shown, until --force', async () => {
  await using project = await allLocal();
  await writeFile(project.settings, 'grouping: node\n');
  const shown = await project.wherry('init', ...CLUSTER);
  assert.equal(shown.status, 1);
  assert.match(shown.stdout, /^-grouping: node$/m);
  assert.match(shown.stderr, /--force/);
  assert.equal(await readFile(project.settings, 'utf8'), 'grouping: node\n');
  assert.equal((await project.wherry('init', ...CLUSTER, '--force')).status, 0);
  assert.match(await readFile(project.settings, 'utf8'), /^ {2}cluster: ml$/m);
  assert.match((await project.wherry('init', ...CLUSTER)).stdout, /\(unchanged\)\n/);
  const refused = await project.wherry('init', '--bucket', 'my-bucket');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /--bucket takes a URL.*'my-bucket'/);
});

test('init: on a terminal it asks for what no flag says and refuses what cannot be; Ctrl-C and Ctrl-D write nothing', async () => {
  await using project = await allLocal();
  const old = join(project.folder, 'conf', 'base', 'airflow-k8s.yaml');
  await writeFile(old, 'run_config:\n  run_name: bikes\n  volume: { disabled: yes }\n');
  const typed = async (steps: readonly [seen: string, keys: string][], ...flags: string[]) => {
    const command = [process.execPath, join(root, 'bin', 'wherry'), 'init', '-C', project.folder, ...flags];
    const words = [join(root, 'test', 'support', 'terminal.py'), JSON.stringify(steps), ...command];
    const python = await examplePython();
    return runPython(python, words, { env: { CI: '', WHERRY_PYTHON: python, TERM: 'xterm' } });
  };
  for (const key of ['\u0003', '\u0004']) {
    const left = await typed([['Take over', key]]);
    assert.deepEqual([left.status, existsSync(project.settings)], [130, false], left.output);
    assert.match(left.output, /Nothing was written/);
  }
  const asked = await typed(
    [
      ['Take over', '\r'],
      ['Bucket', 'my-bucket\r'],
      ["'my-bucket' is none", '\u0015s3://my-bucket/bikes\r'],
      ['Subnets', 'subnet-0123456789abcdef0\r'],
      ['Security', '\r'],
      ['Role', 'bikes\r'],
      ['Image', '\r'],
    ],
    '--cluster',
    'ml',
  );
  assert.equal(asked.status, 0, asked.output);
  assert.doesNotMatch(asked.output, /ECS cluster/);
  const written = readYaml(await readFile(project.settings, 'utf8')).value as Record<string, unknown>;
  assert.deepEqual(written['execution_engine'], {
    type: 'aws-fargate',
    cluster: 'ml',
    subnets: ['subnet-0123456789abcdef0'],
    task_role_arn: 'bikes',
    execution_role_arn: 'ecsTaskExecutionRole',
  });
  assert.deepEqual(
    [written['image'], written['spill'], written['run_config']],
    ['YOUR-REGISTRY/bike-hire:1.0', 's3://my-bucket/bikes/spill', { run_name: 'bikes' }],
  );
  const quiet = await typed([], '--yes', '--force');
  assert.equal(quiet.status, 0, quiet.output);
  assert.doesNotMatch(quiet.output, /\?/);
});

test('init: what it found is told, and no credentials of git with it', async () => {
  await using project = await allLocal();
  const git = (...words: string[]) => execFileSync('git', ['-C', project.folder, ...words]);
  git('init', '-q');
  git('remote', 'add', 'origin', 'https://me:hunter2@git.example.com/team/hire.git');
  await writeFile(join(project.folder, 'Dockerfile'), 'FROM python:3.11\n');
  const told = await project.wherry('init', '--write-catalog', '-e', 'prod');
  assert.equal(told.status, 0, told.stderr);
  assert.deepEqual(told.stderr.split('\n').slice(0, 5), [
    'project: bike_hire, 16 nodes; pipelines demand, docks, ingest',
    'namespaces: demand, docks, ingest; --grouping namespace gives each a container',
    'catalog: 17 datasets on this machine, 0 elsewhere, 8 in memory',
    'git: hire on git.example.com',
    'Dockerfile: there',
  ]);
  const folder = join(project.folder, 'conf', 'prod');
  assert.match(await readFile(join(folder, 'wherry.yml'), 'utf8'), /^image: YOUR-REGISTRY\/hire:1.0$/m);
  await writeFile(join(folder, 'catalog.yml'), '# mine\nextra: {type: MemoryDataset}\n');
  const shown = await project.wherry('init', '--write-catalog', '-e', 'prod', '--grouping', 'node');
  assert.equal(shown.status, 1);
  assert.match(shown.stdout, /^\+grouping: node$/m);
  assert.match(shown.stdout, /^ extra: [\s\S]*^\+station_list:$/m);
  assert.match(await readFile(join(folder, 'wherry.yml'), 'utf8'), /^#grouping/m);
  const without = await project.wherry('init', '--write-catalog', '--bucket', 's3://bucket');
  assert.equal(without.status, 2);
  assert.match(without.stderr, /-e ENV/);
});

test('init: a pipeline.yml with an input at its root runs on emulated Fargate', async () => {
  await using project = await projectCopy(join(root, 'examples', 'ferry-times'));
  await rm(join(project.folder, 'conf'), { recursive: true });
  await rename(join(project.folder, 'data', 'crossings.csv'), join(project.folder, 'crossings.csv'));
  const file = join(project.folder, 'pipeline.yml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('data/crossings.csv', 'crossings.csv'));
  const written = await wherry(['init', '-C', project.folder, '--bucket', 's3://wherry-init', ...CLUSTER]);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stderr, /aws s3 cp \S*crossings.csv s3:\/\/wherry-init\/crossings.csv\n/);
  const ran = await wherry(['run', '-C', project.folder, '--emulate']);
  assert.equal(ran.status, 0, ran.stderr.slice(-3000));
});

const OLD = `host: https://airflow.example.com
execution_engine: { type: aws-fargate, cluster: ml, subnets: subnet-0123456789abcdef0, execution_role_arn: e, task_role_arn: t }
run_config:
  image: registry.example.com/bikes:\${commit_id|dirty}
  image_pull_policy: Always
  cron_expression: "0 4 * * *"
  start_date: 20210721
  experiment_name: bikes
  volume: { disabled: yes }
  secrets: [{ secret: airflow-secrets, deploy_target: SQL, key: k }]
  resources:
    __default__: { limits: { cpu: 500m, memory: 1Gi }, requests: { cpu: 250m } }
`;

test('init --from: the settings of an airflow-k8s.yaml are the same in a wherry.yml, and what is lost is told', async () => {
  await using project = await allLocal();
  const file = join(project.folder, 'conf', 'base', 'airflow-k8s.yaml');
  await writeFile(file, OLD);
  const load = async () => {
    const variables = { KEDRO_CONFIG_COMMIT_ID: 'abc' };
    const { config } = loadConfig({ root: project.folder, confSource: 'conf', env: 'base', ...recorder(variables) });
    const { host: _, run_config: names, ...values } = config.values;
    return { ...values, id: names.experiment_name };
  };
  const before = await load();
  assert.equal(before.image, 'registry.example.com/bikes:abc');
  assert.equal(before.airflow.dag['schedule'], '0 4 * * *');
  const written = await project.wherry('init', '--from', file);
  assert.equal(written.status, 0, written.stderr);
  for (const lost of ['host', 'run_config.image_pull_policy', 'run_config.secrets'])
    assert.ok(written.stderr.includes(`'${lost}' does nothing on Fargate`), lost);
  assert.match(written.stderr, /Remove .*airflow-k8s.yaml/);
  await rm(file);
  assert.deepEqual(await load(), before);

  await writeFile(file, 'run_config:\n  imagge: x\n');
  const wrong = await project.wherry('init', '--from', file, '--force');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /config\/unknown-key/);
  assert.equal((await project.wherry('init', '--from', project.settings)).status, 2);
});
