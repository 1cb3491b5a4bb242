import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../src/cli/commands.ts';
import { type Ended, EXAMPLE, examplePython, projectCopy, tinyProject, wherry } from './support/cli.ts';

/** One clear message: nothing of JavaScript's, nothing of the SDK's. */
function assertClear({ stdout, stderr }: Ended): void {
  assert.doesNotMatch(stdout + stderr, /\bat .*[.](js|ts):\d+|node:internal|Warning|bug in Wherry|Traceback/);
}

test('usage: an unknown flag, command, format or choice is refused with status 2 and one message', async () => {
  for (const words of [
    ['plan', '--groupnig', 'node'],
    ['paln'],
    ['plan', '--format', 'yaml'],
    ['run', '--grouping', 'magic'],
    ['status', '--engine', 'x'],
  ]) {
    const ended = await wherry(words);
    assert.equal(ended.status, 2, words.join(' '));
    assert.match(ended.stderr, /^wherry: /);
    assertClear(ended);
  }
  assert.match((await wherry(['plan', '--groupnig', 'node'])).stderr, /Did you mean --grouping/);
});

test('usage: no folder, no project, an unknown env, pipeline or run are refused with status 2', async () => {
  await using project = await tinyProject();
  const python = ['--python', await examplePython()];
  const empty = await mkdtemp(join(tmpdir(), 'wherry-empty-'));
  const cases: [words: string[], message: RegExp][] = [
    [['plan', '-C', join(empty, 'nowhere')], /there is no folder .*nowhere/],
    [['plan', '-C', empty], /There is no project in .*-C DIR/],
    [['plan', '-C', project.folder, '-e', 'fargat', ...python], /there is no environment 'fargat'.*fargate/],
    [['run', '-C', project.folder, '-p', 'traning', ...python], /there is no pipeline 'traning'.*isolation/],
    [['status', '-C', project.folder], /no runs yet/],
    [['check', '-C', project.folder, '--config-file', 'nope.yml', ...python], /--config-file: there is no nope.yml/],
    [['run', '-C', project.folder, '--engine', 'local', '--emulate', ...python], /--emulate/],
    [['run', '-C', project.folder, '--faults', 'faults.yml', ...python], /--faults.*goes with --emulate/],
    [['run', '-C', project.folder, '--emulate', '--faults', 'nowhere.yml', ...python], /--faults: .*nowhere[.]yml/],
  ];
  for (const [words, message] of cases) {
    const ended = await wherry(words);
    assert.equal(ended.status, 2, `${words.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, message);
    assertClear(ended);
  }
  await rm(empty, { recursive: true });
});

test('usage: with a snapshot, check, plan and compile say elsewhere what they say here, and start no Python', async () => {
  await using project = await projectCopy(EXAMPLE);
  const here = ['-C', project.folder, '-e', 'fargate', '--python', await examplePython()];
  const taken = await wherry(['snapshot', ...here]);
  assert.equal(taken.status, 0, taken.stderr);
  await using copy = await projectCopy(project.folder);
  await writeFile(join(copy.folder, 'project.json'), taken.stdout);
  const there = ['-C', copy.folder, '--snapshot', join(copy.folder, 'project.json'), '--python', '/nowhere/python'];
  for (const words of [['check', '--format', 'json'], ['plan', '--format', 'json'], ['compile']]) {
    const [expected, ended] = [await wherry([...words, ...here]), await wherry([...words, ...there])];
    assert.equal(expected.status, 0, expected.stderr);
    const said = (text: string) => text.replaceAll(copy.folder, project.folder);
    assert.deepEqual({ ...ended, stdout: said(ended.stdout), stderr: said(ended.stderr) }, expected, words.join(' '));
  }
  const refused: [text: string, message: RegExp][] = [
    ['{}', /it is no snapshot: version/],
    ['nodes:', /it is no snapshot: Unexpected token/],
    [taken.stdout, /it is of the environment 'fargate', and 'local' is asked for/],
  ];
  for (const [text, message] of refused) {
    await writeFile(join(copy.folder, 'project.json'), text);
    const ended = await wherry(['check', ...there, '-e', 'local']);
    assert.equal(ended.status, 2);
    assert.match(ended.stderr, message);
  }
});

test('usage: no Python, and a Python without Kedro, end with status 1 and say what was tried', async () => {
  await using project = await tinyProject();
  const none = await wherry(['plan', '-C', project.folder, '--python', '/nowhere/python']);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /No Python was found[\s\S]*--python \(\/nowhere\/python\)/);
  assertClear(none);
  const bare = join(project.folder, 'bare-python');
  await writeFile(bare, '#!/bin/sh\nexec python3 -S -E "$@"\n', { mode: 0o755 });
  const without = await wherry(['plan', '-C', project.folder], { WHERRY_PYTHON: bare });
  assert.equal(without.status, 1);
  assert.match(without.stderr, /has no Kedro[\s\S]*\$WHERRY_PYTHON/);
  assertClear(without);
  const told = await wherry(['-v', 'plan', '-C', project.folder], { WHERRY_PYTHON: bare });
  assert.match(told.stderr, /^· Python: .*bare-python \(\$WHERRY_PYTHON\)\n· Traceback[\s\S]*^· ModuleNotFoundError/m);
  assert.ok(told.stderr.endsWith(without.stderr), 'the rest is as without -v');
});

test('usage: an endpoint that does not answer, and missing credentials, end with status 3 and one message', async () => {
  await using project = await tinyProject();
  const settings =
    'execution_engine: {type: aws-fargate, cluster: c, subnets: [subnet-00112233], region: eu-central-1, execution_role_arn: e, task_role_arn: t}\nimage: a:1\nspill: s3://b/spill\npaths: {"data/": "s3://b/data/"}\n';
  await writeFile(join(project.folder, 'aws.yml'), settings);
  const words = [
    'run',
    '-C',
    project.folder,
    '--config-file',
    'aws.yml',
    '-p',
    'isolation',
    '--python',
    await examplePython(),
  ];
  const away = await wherry([...words, '--endpoint-url', 'http://127.0.0.1:1'], {
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  });
  assert.equal(away.status, 3, away.stderr);
  assert.match(away.stderr, /Amazon ECS \(DescribeTaskDefinition\): http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
  assertClear(away);
  const nobody = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  };
  const without = await wherry(words, nobody);
  assert.equal(without.status, 3, without.stderr);
  assert.match(without.stderr, /what to do: .*AWS_PROFILE/);
  assertClear(without);
});

test('usage: the help of each command shows an example', async () => {
  const all = await wherry(['--help']);
  assert.equal(all.status, 0);
  for (const { name } of COMMANDS) {
    assert.match(all.stdout, new RegExp(`^  ${name}\\b`, 'm'));
    const help = await wherry([name, '--help']);
    assert.equal(help.status, 0);
    assert.match(help.stdout, new RegExp(`Examples:\\n.*wherry ${name}`));
  }
  const bare = await wherry([]);
  assert.match(bare.stdout + bare.stderr, /Usage: wherry/);
});
