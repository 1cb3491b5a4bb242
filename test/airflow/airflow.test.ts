import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXAMPLE, examplePython, projectCopy, tinyProject, wherry } from '../support/cli.ts';
import { compareOutputs, runPython } from '../support/compare.ts';
import { pythonEnv } from '../support/python-env.ts';
import { type Recorder, recordRunTasks, startAirflow, startEmulate } from './rig.ts';

const VERSIONS = ['3.3', '2.11'];
const EXAMPLE_IMAGE = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/bike-hire:1.0';
const QUICK = '\nairflow:\n  default_args: { waiter_delay: 1, retry_delay: 1 }\n';

interface Imported {
  readonly dags: readonly string[];
  readonly errors: object;
  readonly warnings: Readonly<Record<string, readonly string[]>>;
}

interface DagRun {
  readonly state: string;
  readonly tasks: Readonly<Record<string, string>>;
}

interface RunTaskBody {
  readonly overrides: {
    readonly containerOverrides: readonly [{ readonly environment: readonly { name: string; value: string }[] }];
  };
}

/** The task's name, which attempt it is, and the request without what differs from run to run and from client to client. */
function comparable(body: object) {
  // EcsRunTaskOperator sends no token of its own making and names itself in startedBy.
  const { clientToken: _, startedBy: __, count: ___, ...same } = body as Record<string, unknown>;
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
    await appendFile(join(project.folder, 'conf', 'fargate', 'wherry.yml'), QUICK);
    const words = ['-C', project.folder, '-e', 'fargate', '--python', python];
    const emulate = await startEmulate(project.folder, [`${EXAMPLE_IMAGE}=${project.folder},python=${python}`]);
    const airflow = await startAirflow(version, join(project.folder, 'dags'));
    const recorder = await recordRunTasks(emulate.env['AWS_ENDPOINT_URL_ECS'] ?? '');
    const other = await recordRunTasks(emulate.env['AWS_ENDPOINT_URL_ECS'] ?? '');
    try {
      const { env } = emulate;
      // Makes the emulated account with its buckets and inputs. Only one of three tasks of the whole runs here.
      const prepared = await wherry(['run', ...words, '--emulate', '-p', 'ingest']);
      assert.equal(prepared.status, 0, prepared.stderr);
      const compiled = await wherry(['compile', ...words, '--publish'], env);
      assert.equal(compiled.status, 0, compiled.stderr);

      await writeFile(
        join(project.folder, 'dags', 'control.py'),
        'import warnings\nfrom airflow.models.dag import DAG\nwarnings.warn("seen", DeprecationWarning)\nDAG("control")\n',
      );
      const imported = (await airflow.probe(['import', join(project.folder, 'dags')])) as Imported;
      assert.deepEqual(imported.errors, {});
      assert.ok(imported.dags.includes('bike-hire'));
      const warned = Object.keys(imported.warnings).map((path) => path.split('/').at(-1));
      assert.deepEqual(warned, ['control.py'], JSON.stringify(imported.warnings));

      const tested = await airflow.cli(['dags', 'test', 'bike-hire', '2026-01-01'], {
        ...env,
        AWS_ENDPOINT_URL_ECS: recorder.url,
      });
      assert.equal(tested.status, 0, tested.output.slice(-6000));
      assert.match(tested.output, /Running node: .*train_model/, 'the log of the container is in that of the task');

      const expected = await projectCopy(EXAMPLE);
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
      await expected[Symbol.asyncDispose]();

      const direct = await wherry(['run', ...words], { ...env, AWS_ENDPOINT_URL_ECS: other.url });
      assert.equal(direct.status, 0, direct.stderr);
      assert.deepEqual(byTask(recorder), byTask(other));
      assert.deepEqual(Object.keys(byTask(recorder)).sort(), ['demand', 'docks', 'ingest']);
      assert.equal(recorder.runTasks.length, 3, 'every task was started once');
    } finally {
      recorder.close();
      other.close();
      await emulate.stop();
      await airflow.remove();
    }
  });

  test(`airflow ${version}: a node that raises fails its task at once, and the same run again repeats nothing that is done`, async () => {
    await using project = await tinyProject();
    const python = await examplePython();
    const image = 'tiny:1';
    const settings = join(project.folder, 'conf', 'fargate', 'wherry.yml');
    const written = await readFile(settings, 'utf8');
    const engine = '{ type: aws-fargate, cluster: tiny, subnets: [subnet-0123456789abcdef0] }';
    await writeFile(settings, written.replace('{ type: aws-fargate }', engine) + QUICK);
    await appendFile(settings, `image: ${image}\ngrouping: node\n`);
    const words = ['-C', project.folder, '-e', 'fargate', '-p', 'failing', '--python', python];
    const emulate = await startEmulate(project.folder, [`${image}=${project.folder},python=${python}`]);
    const dags = join(project.folder, 'dags');
    await mkdir(dags, { recursive: true });
    const airflow = await startAirflow(version, dags);
    const recorder = await recordRunTasks(emulate.env['AWS_ENDPOINT_URL_ECS'] ?? '');
    try {
      const { env } = emulate;
      const prepared = await wherry(['run', ...words.with(5, 'isolation'), '--emulate']);
      assert.equal(prepared.status, 0, prepared.stderr);
      const compiled = await wherry(['compile', ...words, '--publish'], env);
      assert.equal(compiled.status, 0, compiled.stderr);

      const through = { ...env, AWS_ENDPOINT_URL_ECS: recorder.url };
      const first = (await airflow.probe(['run', dags, 'tiny-failing', '2026-01-01'], through)) as DagRun;
      assert.deepEqual(
        { ...first.tasks },
        {
          resolve_revision: 'success',
          start: 'success',
          fails: 'failed',
          descendant: 'upstream_failed',
          'other-branch': 'success',
        },
      );
      assert.equal(first.state, 'failed');
      const started = recorder.runTasks.map((body) => environmentOf(body)['WHERRY_TASK']).sort();
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
      const second = (await airflow.probe(['run', dags, 'tiny-failing', '2026-01-01'], through)) as DagRun;
      assert.equal(second.state, 'success', JSON.stringify(second));
      const doubled = join(project.folder, '.wherry', 'emulator', 's3', 'wherry-tiny', 'data', 'doubled.json');
      assert.deepEqual(JSON.parse(await readFile(doubled, 'utf8')), [2, 4, 6]);

      const other = (await airflow.probe(['run', dags, 'tiny-failing', '2026-01-02'], through)) as DagRun;
      assert.equal(other.tasks['start'], 'failed', 'another DAG run starts from nothing');
    } finally {
      recorder.close();
      await emulate.stop();
      await airflow.remove();
    }
  });
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
