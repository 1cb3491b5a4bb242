import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { readYaml } from '../../src/util/yaml-document.ts';
import { EXAMPLE, examplePython, projectCopy, root, tinyProject, wherry } from '../support/cli.ts';
import { compareOutputs, runPython } from '../support/compare.ts';
import { pythonEnv } from '../support/python-env.ts';
import { type Recorder, recordRunTasks, startAirflow, startEmulate } from './rig.ts';

const VERSIONS = ['3.3', '2.11'];
const EXAMPLE_IMAGE = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/bike-hire:1.0';
const QUICK = '\nairflow:\n  default_args: { waiter_delay: 1, retry_delay: 1 }\n';

/** An emulated account, an Airflow, and something between them that keeps what each asks ECS. */
async function openRig(version: string, project: string, images: readonly string[]) {
  const dags = join(project, 'dags');
  await mkdir(dags, { recursive: true });
  const emulate = await startEmulate(project, images);
  const ecs = emulate.env['AWS_ENDPOINT_URL_ECS'] ?? '';
  const [airflow, ofAirflow, ofRun] = await Promise.all([
    startAirflow(version, dags),
    recordRunTasks(ecs),
    recordRunTasks(ecs),
  ]);
  return {
    dags,
    airflow,
    ofAirflow,
    ofRun,
    env: emulate.env,
    /** For Airflow: its requests pass the recorder. */
    envOfAirflow: { ...emulate.env, AWS_ENDPOINT_URL_ECS: ofAirflow.url },
    envOfRun: { ...emulate.env, AWS_ENDPOINT_URL_ECS: ofRun.url },
    [Symbol.asyncDispose]: async () => {
      ofAirflow.close();
      ofRun.close();
      await emulate.stop();
      await airflow.remove();
    },
  };
}

async function fine(words: readonly string[], env: Record<string, string> = {}) {
  const ended = await wherry(words, env);
  assert.equal(ended.status, 0, ended.stderr);
  return ended;
}

interface Imported {
  readonly dags: readonly string[];
  readonly zones: Readonly<Record<string, string>>;
  readonly errors: object;
  readonly warnings: Readonly<Record<string, readonly string[]>>;
}

interface DagRun {
  readonly state: string;
  readonly tasks: Readonly<Record<string, string>>;
}

interface RunTaskBody {
  readonly overrides: {
    readonly containerOverrides: readonly [
      {
        readonly cpu?: number;
        readonly memory?: number;
        readonly environment: readonly { name: string; value: string }[];
      },
    ];
  };
}

/** The task's name, which attempt it is, and the request without what differs from run to run and from client to client. */
function comparable(body: object) {
  // EcsRunTaskOperator sends no token of its own making and names itself in startedBy. Without a spill the step tells
  // `wherry run` its events on stdout; a DAG has nobody who would read them.
  const { clientToken: _, startedBy: __, count: ___, ...rest } = body as Record<string, unknown>;
  const same = JSON.parse(JSON.stringify(rest), (_key, value) =>
    Array.isArray(value) ? value.filter((item) => item?.name !== 'WHERRY_EVENTS') : value,
  );
  const text = JSON.stringify(same);
  const variables = environmentOf(body);
  const varying = ['WHERRY_RUN_ID', 'WHERRY_SAVE_VERSION', 'WHERRY_ATTEMPT'].map((name) => variables[name] ?? '?');
  const runId = variables['WHERRY_RUN_ID'] ?? '?';
  assert.ok(
    varying.every((value) => value !== '?' && !value.includes('{{')),
    text,
  );
  const cleaned = JSON.parse(
    text.replaceAll(runId, 'RUN').replaceAll(variables['WHERRY_SAVE_VERSION'] ?? '?', 'VERSION'),
  );
  return [variables['WHERRY_TASK'], cleaned] as const;
}

function environmentOf(body: object): Record<string, string> {
  const { overrides } = body as RunTaskBody;
  return Object.fromEntries(overrides.containerOverrides[0].environment.map(({ name, value }) => [name, value]));
}

const byTask = ({ runTasks }: Recorder) => Object.fromEntries(runTasks.map(comparable));

for (const version of VERSIONS) {
  test(`airflow ${version}: the example's DAG imports clean, asks ECS what \`wherry run\` asks, and gives what plain kedro run gives`, async () => {
    await using project = await projectCopy(EXAMPLE);
    const python = await examplePython();
    const scheduled = `${QUICK}  timezone: Europe/Berlin\n  dag: { schedule: "0 3 * * *" }\n`;
    await appendFile(join(project.folder, 'conf', 'fargate', 'wherry.yml'), scheduled);
    const words = ['-C', project.folder, '-e', 'fargate', '--python', python];
    await using rig = await openRig(version, project.folder, [`${EXAMPLE_IMAGE}=${project.folder},python=${python}`]);
    // Makes the emulated account with its buckets and inputs. Only one of three tasks of the whole runs here.
    await fine(['run', ...words, '--emulate', '-p', 'ingest']);
    await fine(['compile', ...words, '--publish'], rig.env);

    await writeFile(
      join(rig.dags, 'control.py'),
      'import warnings\nfrom airflow.models.dag import DAG\nwarnings.warn("seen", DeprecationWarning)\nDAG("control")\n',
    );
    const imported = (await rig.airflow.probe(['import', rig.dags])) as Imported;
    assert.deepEqual(imported.errors, {});
    assert.equal(imported.zones['bike-hire'], 'Europe/Berlin', 'the schedule is read in its time zone');
    const warned = Object.keys(imported.warnings).map((path) => path.split('/').at(-1));
    assert.deepEqual(warned, ['control.py'], JSON.stringify(imported.warnings));

    const tested = await rig.airflow.cli(['dags', 'test', 'bike-hire', '2026-01-01'], rig.envOfAirflow);
    assert.equal(tested.status, 0, tested.output.slice(-6000));
    assert.match(tested.output, /Running node: .*train_model/, 'the log of the container is in that of the task');
    assert.deepEqual(await timesNodesRan(project.folder), Array(16).fill(1), 'every node ran once');

    await using expected = await projectCopy(EXAMPLE);
    const plain = await runPython(python, ['-m', 'kedro', 'run'], { cwd: expected.folder });
    assert.equal(plain.status, 0, plain.output);
    const compared = await compareOutputs({
      python,
      project: project.folder,
      expected: expected.folder,
      env: 'fargate',
      paths: {},
      models: { 'demand.model': 'demand.features' },
    });
    assert.equal(compared.status, 0, compared.output);
    assert.match(compared.output, /10 of 10 datasets equal/);

    await fine(['run', ...words], rig.envOfRun);
    assert.deepEqual(byTask(rig.ofAirflow), byTask(rig.ofRun));
    assert.deepEqual(Object.keys(byTask(rig.ofAirflow)).sort(), ['demand', 'docks', 'ingest']);
    assert.equal(rig.ofAirflow.runTasks.length, 3, 'every task was started once');
  });

  test(`airflow ${version}: a node that raises fails its task at once, and the same run again repeats nothing that is done`, async () => {
    await using project = await tinyProject();
    const python = await examplePython();
    const image = 'tiny:1';
    const params = '  params: { model.depth: 5, word: "{{ 1/0 }}" }\n';
    await setUpTiny(project.folder, `${QUICK}${params}image: ${image}\ngrouping: node\n`);
    const words = ['-C', project.folder, '-e', 'fargate', '--python', python];
    await using rig = await openRig(version, project.folder, [`${image}=${project.folder},python=${python}`]);
    await fine(['run', ...words, '-p', 'isolation', '--emulate']);
    await fine(['compile', ...words, '-p', 'failing', '--publish'], rig.env);

    const runOf = async (date: string) =>
      (await rig.airflow.probe(['run', rig.dags, 'tiny-failing', date], rig.envOfAirflow)) as DagRun;
    const first = await runOf('2026-01-01');
    assert.deepEqual(first.tasks, {
      resolve_revision: 'success',
      start: 'success',
      fails: 'failed',
      descendant: 'upstream_failed',
      'other-branch': 'success',
    });
    assert.equal(first.state, 'failed');
    const started = rig.ofAirflow.runTasks.map((body) => environmentOf(body)['WHERRY_TASK']).sort();
    const given = rig.ofAirflow.runTasks.map((body) => JSON.parse(environmentOf(body)['WHERRY_PARAMS'] ?? ''));
    assert.deepEqual(given, Array(3).fill({ 'model.depth': 5, word: '{{ 1/0 }}' }));
    assert.deepEqual(started, ['fails', 'other-branch', 'start'], 'a node that raised is not tried again');

    // The container's image is this folder: the mistake is mended, and the node can tell that `start` did not run again.
    const nodes = join(project.folder, 'src', 'tiny', 'nodes.py');
    const code = await readFile(nodes, 'utf8');
    await writeFile(
      nodes,
      code
        .replace('    raise ValueError(f"the sum of {numbers} is odd")', '    return numbers')
        .replace('return [1, 2, 3]', 'raise RuntimeError("ran twice")'),
    );
    const second = await runOf('2026-01-01');
    assert.equal(second.state, 'success', JSON.stringify(second));
    const doubled = join(project.folder, '.wherry', 'emulator', 's3', 'wherry-tiny', 'data', 'doubled.json');
    assert.deepEqual(JSON.parse(await readFile(doubled, 'utf8')), [2, 4, 6]);

    await appendFile(join(project.folder, 'conf', 'fargate', 'wherry.yml'), 'retries: { user: 1 }\n');
    await fine(['compile', ...words, '-p', 'failing', '--publish'], rig.env);
    rig.ofAirflow.runTasks.length = 0;
    const other = await runOf('2026-01-02');
    assert.equal(other.tasks['start'], 'failed', 'another DAG run starts from nothing');
    const tried = rig.ofAirflow.runTasks
      .map((body) => environmentOf(body))
      .filter(({ WHERRY_TASK: name }) => name === 'start');
    assert.deepEqual(
      tried.map(({ WHERRY_ATTEMPT: attempt }) => attempt),
      ['1', '2'],
      'retries.user',
    );
  });

  test(`airflow ${version}: deferrable, in a family of the user's with a sidecar, each task is one request with its limits`, async () => {
    await using project = await tinyProject();
    const python = await examplePython();
    const image = 'tiny:1';
    await setUpTiny(
      project.folder,
      'airflow:\n  default_args: { waiter_delay: 1, deferrable: true }\ngrouping: node\n',
      'task_definition: mine',
    );
    const words = ['-C', project.folder, '-e', 'fargate', '-p', 'isolation', '--python', python];
    await using rig = await openRig(version, project.folder, [`${image}=${project.folder},python=${python}`]);
    await registerWithSidecar('mine', image, rig.env);
    await fine(['run', ...words, '--emulate']);
    await fine(['compile', ...words, '--publish'], rig.env);
    const run = (await rig.airflow.probe(
      ['run', rig.dags, 'tiny-isolation', '2026-01-01'],
      rig.envOfAirflow,
    )) as DagRun;
    assert.equal(run.state, 'success', JSON.stringify(run));
    assert.equal(rig.ofAirflow.runTasks.length, 2, 'every task was started once');
    await fine(['run', ...words], rig.envOfRun);
    assert.deepEqual(byTask(rig.ofAirflow), byTask(rig.ofRun));
    const [main] = (rig.ofAirflow.runTasks[0] as unknown as RunTaskBody).overrides.containerOverrides;
    assert.deepEqual([main.cpu, main.memory], [1024 - 64, 2048 - 128], 'the sidecar has its share');
  });

  test(`airflow ${version}: a pipeline.yml with hostile names runs, and every name arrives as it is`, async () => {
    await using project = await projectCopy(join(root, 'test', 'fixtures', 'hostile'));
    await appendFile(join(project.folder, 'conf', 'fargate', 'wherry.yml'), QUICK);
    const words = ['-C', project.folder, '-e', 'fargate'];
    await using rig = await openRig(
      version,
      project.folder,
      ['hostile:1', 'collect:1'].map((image) => `${image}=${project.folder}`),
    );
    await fine(['run', ...words, '--emulate']);
    const folder = join(project.folder, '.wherry', 'emulator', 's3', 'wherry-hostile');
    const byRun = await readFile(join(folder, 'all.json'), 'utf8');
    await rm(join(folder, 'all.json'));
    const { stdout } = await fine(['compile', ...words, '--publish'], rig.env);
    const file = /^(.*)\.py$/m.exec(stdout)?.[1]?.split('/').at(-1) ?? '';
    const run = (await rig.airflow.probe(['run', rig.dags, file, '2026-01-01'], rig.envOfAirflow)) as DagRun;
    assert.equal(run.state, 'success', JSON.stringify(run));
    const byAirflow = await readFile(join(folder, 'all.json'), 'utf8');
    assert.equal(byAirflow, byRun);
    assert.deepEqual(JSON.parse(byRun), hostileValues(await readFile(join(project.folder, 'pipeline.yml'), 'utf8')));
    await fine(['run', ...words], rig.envOfRun);
    assert.deepEqual(byTask(rig.ofAirflow), byTask(rig.ofRun));

    await writeFile(join(rig.dags, 'stock.py'), STOCK);
    const before = rig.ofAirflow.runTasks.length;
    const stock = (await rig.airflow.probe(['run', rig.dags, 'stock', '2026-01-01'], rig.envOfAirflow)) as DagRun;
    assert.deepEqual(stock.tasks, {
      blocking_0: 'success',
      blocking_3: 'failed',
      deferrable_0: 'success',
      deferrable_3: 'failed',
    });
    assert.equal(rig.ofAirflow.runTasks.length - before, 4, 'every task was started once');
  });
}

/** The operator as anybody writes it, blocking and deferrable, to success and failure, on a family that Wherry has registered. */
const STOCK = `
import itertools
from datetime import datetime
from airflow.models.dag import DAG
from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator

with DAG("stock", start_date=datetime(2024, 1, 1), schedule=None):
    for mode, code in itertools.product(("blocking", "deferrable"), (0, 3)):
        EcsRunTaskOperator(
            task_id=f"{mode}_{code}",
            task_definition="wherry-my-shop-1-0",
            cluster="hostile",
            launch_type="FARGATE",
            network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-0123456789abcdef0"]}},
            overrides={"containerOverrides": [{"name": "main", "command": ["python3", "-c", f"raise SystemExit({code})"]}]},
            region_name="eu-central-1",
            waiter_delay=1,
            deferrable=mode == "deferrable",
        )
`;

/** Tiny's settings for Fargate, with more keys for the engine and beside it. */
async function setUpTiny(folder: string, more: string, ofEngine = 'spot: false'): Promise<void> {
  const settings = join(folder, 'conf', 'fargate', 'wherry.yml');
  const written = await readFile(settings, 'utf8');
  const engine = `{ type: aws-fargate, cluster: tiny, subnets: [subnet-0123456789abcdef0], execution_role_arn: execution, task_role_arn: task, ${ofEngine} }`;
  await writeFile(settings, written.replace('{ type: aws-fargate }', engine) + more);
}

/** How often each node of the newest run was finished, by what its steps told. */
async function timesNodesRan(project: string): Promise<number[]> {
  const s3 = join(project, '.wherry', 'emulator', 's3');
  const names = await readdir(s3, { recursive: true });
  const files = names.filter((name) => /runs\/manual[^/]*\/.*\/events-\d+\.jsonl$/.test(name));
  const texts = await Promise.all(files.map((name) => readFile(join(s3, name), 'utf8')));
  const events = texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line));
  const count = new Map<string, number>();
  for (const { event, node } of events) if (event === 'node-finished') count.set(node, (count.get(node) ?? 0) + 1);
  return [...count.values()];
}

async function registerWithSidecar(family: string, image: string, env: Record<string, string>): Promise<void> {
  const ecs = new ECSClient({
    region: 'eu-central-1',
    endpoint: env['AWS_ENDPOINT_URL_ECS'] ?? '',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      taskRoleArn: 'arn:aws:iam::123456789012:role/mine',
      containerDefinitions: [
        { name: 'main', image, essential: true, cpu: 192, memory: 384 },
        { name: 'sidecar', image, essential: false, cpu: 64, memory: 128, command: ['sleep', '60'] },
      ],
    }),
  );
  ecs.destroy();
}

/** What the nodes of the hostile project are to have seen. */
function hostileValues(text: string): Record<string, string> {
  const { nodes } = readYaml(text).value as { nodes: { name: string; env: Record<string, string> }[] };
  return Object.fromEntries(nodes.slice(0, -1).map(({ name, env }) => [name, env['HOSTILE'] ?? '']));
}

test('airflow: ruff finds nothing that Airflow 3 has changed, and would format nothing', async () => {
  await using project = await projectCopy(EXAMPLE);
  const ruff = join(
    await pythonEnv('airflow-3.3', join(import.meta.dirname, 'requirements-airflow-3.3.txt')),
    '..',
    'ruff',
  );
  const compiled = await wherry(['compile', '-C', project.folder, '-e', 'fargate', '--python', await examplePython()]);
  assert.equal(compiled.status, 0, compiled.stderr);
  const dag = join(project.folder, 'dags', 'bike-hire.py');
  for (const words of [
    ['check', '--no-cache', '--select', 'AIR', '--preview', dag],
    ['format', '--no-cache', '--diff', dag],
  ]) {
    const { status, output } = await runPython(ruff, words);
    assert.equal(status, 0, output);
  }
});
