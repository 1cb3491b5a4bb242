import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Ended, examplePython, projectCopy, root, startWherry, tinyProject, wherry } from './support/cli.ts';

const ENGINES = {
  local: { flags: [], data: 'data' },
  'aws-fargate on the emulator': {
    flags: ['-e', 'fargate', '--emulate'],
    data: '.wherry/emulator/s3/wherry-tiny/data',
  },
};

interface RunJson {
  readonly runId: string;
  readonly state: string;
  readonly tasks: readonly {
    readonly name: string;
    readonly state: string;
    readonly attempts: readonly {
      readonly exitCode: number | null;
      readonly failure?: { readonly reason: string; readonly node?: string };
    }[];
    readonly nodes: readonly { readonly name: string; readonly state: string }[];
  }[];
}

for (const [engine, { flags, data }] of Object.entries(ENGINES)) {
  test(`run, ${engine}: a task sees neither files that another left beside the code, nor its variables, nor the caller's`, async () => {
    await using project = await tinyProject();
    const python = await examplePython();
    const words = ['run', '-C', project.folder, '-p', 'isolation', '--python', python, ...flags];
    const { status, stderr } = await wherry(words, { CALLER_SECRET: 'hidden' });
    assert.equal(status, 0, stderr);
    const findings = JSON.parse(await readFile(join(project.folder, data, 'findings.json'), 'utf8')) as object;
    assert.deepEqual(findings, { file: false, variable: false, caller: null, ignored: false, own: 'yes, mine' });
    assert.doesNotMatch(stderr, /hidden/);
  });

  test(`run, ${engine}: nodes in one container do see what the other left, so the test above can fail`, async () => {
    await using project = await tinyProject();
    const words = [
      'run',
      '-C',
      project.folder,
      '-p',
      'isolation',
      '--grouping',
      'pipeline',
      '--python',
      await examplePython(),
      ...flags,
    ];
    const { status, stderr } = await wherry(words);
    assert.equal(status, 0, stderr);
    const findings = JSON.parse(await readFile(join(project.folder, data, 'findings.json'), 'utf8')) as {
      file: boolean;
    };
    assert.equal(findings.file, true);
  });

  test(`run, ${engine}: a node that raises fails its task, skips its descendants, and lets other branches finish`, async () => {
    await using project = await tinyProject();
    const words = ['-C', project.folder, '--python', await examplePython()];
    const { status, stdout, stderr } = await wherry(['run', '-p', 'failing', ...words, ...flags]);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /task 'fails' failed: node 'fails' raised ValueError: the sum of \[1, 2, 3\] is odd/);
    assert.match(stderr, /not run because of it: descendant/);
    assert.match(stderr, /fails \| about to fail/);
    const runId = /run (\S+): failed/.exec(stdout)?.[1] ?? '';
    assert.match(stderr, new RegExp(`next: wherry logs -C \\S+ ${runId} fails`));
    assert.doesNotMatch(stderr, /\n\s+at .*\.js:\d+/, 'no stack trace of ours');

    const json = JSON.parse(
      (await wherry(['status', runId.slice(0, -2), '--format', 'json', ...words])).stdout,
    ) as RunJson;
    assert.equal(json.state, 'failed');
    const states = Object.fromEntries(json.tasks.map((task) => [task.name, task.state]));
    assert.deepEqual(states, {
      start: 'succeeded',
      fails: 'failed',
      descendant: 'skipped',
      'other-branch': 'succeeded',
    });
    const failed = json.tasks.find(({ name }) => name === 'fails');
    assert.equal(failed?.attempts[0]?.exitCode, 1);
    assert.equal(failed?.attempts[0]?.failure?.node, 'fails');
    assert.deepEqual(
      failed?.nodes.map(({ state }) => state),
      ['failed'],
    );

    const text = await wherry(['status', ...words]);
    assert.match(text.stdout, /node 'fails' raised ValueError/);
    const logs = await wherry(['logs', runId, 'fails', ...words]);
    assert.match(logs.stdout, /^about to fail$/m);
    assert.match(logs.stdout, /ValueError: the sum/);
  });

  test(`run, ${engine}: Ctrl-C stops what was started and ends with 130`, async () => {
    await using project = await tinyProject();
    const words = ['run', '-C', project.folder, '-p', 'slow', '--python', await examplePython(), ...flags];
    const { child, ended } = startWherry(words);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => /sleeping/.test(text) && resolve());
    });
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    assert.equal(status, 130, stderr);
    const json = JSON.parse((await wherry(['status', '-C', project.folder, '--format', 'json'])).stdout) as RunJson;
    assert.equal(json.state, 'cancelled');
    assert.deepEqual(
      json.tasks.map(({ state }) => state),
      ['succeeded', 'cancelled', 'waiting'],
    );
  });
}

test('run, aws-fargate on the emulator: without a spill nothing is needed but the task definition', async () => {
  await using project = await tinyProject();
  const settings = join(project.folder, 'no-spill.yml');
  await writeFile(settings, 'execution_engine: {type: aws-fargate}\npaths: {"data/": "s3://wherry-tiny/data/"}\n');
  const words = [
    '-C',
    project.folder,
    '-e',
    'fargate',
    '--config-file',
    'no-spill.yml',
    '--python',
    await examplePython(),
  ];
  const fine = await wherry(['run', '-p', 'isolation', '--grouping', 'pipeline', '--emulate', ...words]);
  assert.equal(fine.status, 0, fine.stderr);
  assert.match(fine.stderr, /spill: none/);
  assert.doesNotMatch(fine.stderr, /::wherry::/);
  const json = JSON.parse((await wherry(['status', '-C', project.folder, '--format', 'json'])).stdout) as RunJson;
  assert.deepEqual(
    json.tasks[0]?.nodes.map(({ state }) => state),
    ['succeeded', 'succeeded'],
  );

  const refused = await wherry(['run', '-p', 'isolation', '--grouping', 'node', '--emulate', ...words]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /'traces' is in memory only.*\[data\/memory-crosses-tasks\]/);
});

test('run, aws-fargate on the emulator: the same project again registers no second revision', async () => {
  await using project = await tinyProject();
  const words = [
    'run',
    '-C',
    project.folder,
    '-p',
    'isolation',
    '-e',
    'fargate',
    '--emulate',
    '--python',
    await examplePython(),
  ];
  const first = await wherry(words);
  assert.match(first.stderr, /task definition: wherry-tiny:1 \(registered for this run\)/);
  assert.equal(first.status, 0, first.stderr);
  const second = await wherry(words);
  assert.match(second.stderr, /task definition: wherry-tiny:1\n/);
  const third = await wherry([...words, '-i', 'other/image:2']);
  assert.match(third.stderr, /task definition: wherry-tiny:2 \(registered for this run\)/);
});

test('run, aws-fargate on the emulator: a family that is the user’s is used as it is, by the settings of the design page', async () => {
  await using project = await tinyProject();
  const seed =
    'execution_engine:\n  type: aws-fargate\n  cluster: ml-pipelines\n  task_definition: my-first-ml-pipeline:7\n  subnets: [subnet-001122334455]\n  security_groups: [sg-0248abcd0248]\nrun_config:\n  volume:\n    disabled: True\n';
  await writeFile(
    join(project.folder, 'seed.yml'),
    `${seed}spill: s3://wherry-tiny/spill\npaths: {"data/": "s3://wherry-tiny/data/"}\n`,
  );
  const words = [
    'run',
    '-C',
    project.folder,
    '-e',
    'fargate',
    '-p',
    'isolation',
    '--config-file',
    'seed.yml',
    '--emulate',
  ];
  const { status, stderr } = await wherry([...words, '--grouping', 'node', '--python', await examplePython()]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /task definition: my-first-ml-pipeline:1\n/);
});

test("run, local: a program has the caller's credentials for AWS, and no other variable of the caller's", async () => {
  await using project = await projectCopy(join(root, 'examples', 'ferry-times'));
  const file = join(project.folder, 'pipeline.yml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('command: grep', 'command: env | grep -E "^(AWS_|CALLER)" | sort; grep'));
  const words = ['run', '-C', project.folder, '--profile', 'team', '--region', 'eu-west-1'];
  const ran = await wherry(words, { AWS_SESSION_TOKEN: 't', CALLER_SECRET: 'hidden', HOME: '/home/me' });
  assert.equal(ran.status, 0, ran.stderr);
  const { stdout } = await wherry(['logs', '-C', project.folder]);
  for (const line of [
    'AWS_CONFIG_FILE=/home/me/.aws/config',
    'AWS_PROFILE=team',
    'AWS_REGION=eu-west-1',
    'AWS_SESSION_TOKEN=t',
  ])
    assert.ok(stdout.includes(line), stdout);
  assert.doesNotMatch(stdout, /hidden/);
});

test('run --emulate: three at once in one project share an emulator, which ends with the last of them', async () => {
  await using project = await tinyProject();
  const words = ['run', '-C', project.folder, '-p', 'isolation', '--python', await examplePython()];
  const all = [0, 1, 2].map(() => wherry([...words, '-e', 'fargate', '--emulate']));
  for (const { status, stderr } of await Promise.all(all)) assert.equal(status, 0, stderr);
  const file = join(project.folder, '.wherry', 'emulator', 'emulator.json');
  for (let tries = 0; tries < 100 && existsSync(file); tries++) await setTimeout(100);
  assert.ok(!existsSync(file), 'an emulator was left behind');
});

test('logs -f: prints what is there, then what comes, and ends with the run', async () => {
  await using project = await projectCopy(join(root, 'examples', 'ferry-times'));
  const file = join(project.folder, 'pipeline.yml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace('command: grep', 'command: for i in 1 2 3; do echo line $i; sleep 0.7; done; grep'),
  );
  const { ended } = startWherry(['run', '-C', project.folder]);
  let runs: Ended;
  do runs = await wherry(['runs', '-C', project.folder, '--format', 'json']);
  while (JSON.parse(runs.stdout || '{"runs":[]}').runs.length === 0);
  const followed = await wherry(['logs', '-f', '-C', project.folder]);
  assert.equal(followed.status, 0, followed.stderr);
  assert.deepEqual(followed.stdout.match(/line \d/g), ['line 1', 'line 2', 'line 3']);
  assert.match(followed.stdout, /report on 3 ferries\n$/);
  assert.equal((await ended).status, 0);
  const after = await wherry(['logs', '-C', project.folder]);
  assert.equal(after.stdout, followed.stdout);
});
