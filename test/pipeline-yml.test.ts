import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectCopy, root, wherry } from './support/cli.ts';

const FERRY_TIMES = join(root, 'examples', 'ferry-times');

/** What the same commands give by hand. */
function byHand(folder: string): string {
  const at = (name: string) => join(folder, name);
  const env = {
    ...process.env,
    LATE_AFTER_MINUTES: '10',
    WHERRY_IN_CROSSINGS: at('data/crossings.csv'),
    WHERRY_OUT_SAILED: at('sailed'),
    WHERRY_IN_SAILED: at('sailed'),
    WHERRY_OUT_DELAYS_JSON: at('delays.json'),
    WHERRY_IN_DELAYS_JSON: at('delays.json'),
    WHERRY_OUT_BUSIEST_HOURS: at('busiest'),
    WHERRY_IN_BUSIEST_HOURS: at('busiest'),
    WHERRY_OUT_REPORT: at('report.md'),
  };
  const busiest = [
    'tail -n +2 "$WHERRY_IN_SAILED" | cut -d, -f3 | cut -d: -f1 | sort | uniq -c',
    'sort -k1,1nr -k2,2n | head -n 5 | awk \'{print $2 "," $1}\' > "$WHERRY_OUT_BUSIEST_HOURS"',
  ].join('|');
  const commands = [
    `grep -v ',cancelled$' "$WHERRY_IN_CROSSINGS" > "$WHERRY_OUT_SAILED"`,
    'python3 scripts/delays.py',
    busiest,
    'node scripts/report.mjs',
  ];
  for (const command of commands) execFileSync('sh', ['-c', command], { cwd: folder, env, stdio: 'ignore' });
  return at('report.md');
}

for (const grouping of ['memory', 'node']) {
  for (const [engine, ...words] of [['local'], ['aws-fargate', '-e', 'fargate', '--emulate']]) {
    test(`pipeline.yml: Python, a shell pipeline and Node, on ${engine}, grouped by ${grouping}`, async () => {
      await using project = await projectCopy(FERRY_TIMES);
      await using hand = await projectCopy(FERRY_TIMES);
      const ran = await wherry(['run', '-C', project.folder, '--grouping', grouping, ...words]);
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stdout, grouping === 'node' ? /busiest-hours +1 +succeeded/ : /sailed +4 +succeeded/);
      const data =
        engine === 'local' ? 'data' : join('.wherry', 'emulator', 's3', 'wherry-example-ferry-times', 'data');
      const made = await readFile(join(project.folder, data, 'report.md'), 'utf8');
      assert.equal(made, await readFile(byHand(hand.folder), 'utf8'));
      assert.match(made, /Shearwater/);
    });
  }
}

test('pipeline.yml: a command that fails is told as a node that failed, with what it said', async () => {
  await using project = await projectCopy(FERRY_TIMES);
  execFileSync('sed', ['-i', 's/LATE_AFTER_MINUTES: 10/LATE_AFTER_MINUTES: soon/', 'pipeline.yml'], {
    cwd: project.folder,
  });
  const words = ['run', '-C', project.folder, '-e', 'fargate', '--emulate', '--grouping', 'node'];
  const ran = await wherry(words);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /delays/);
  assert.match(ran.stderr, /could not convert string to float: 'soon'/);
  assert.match(ran.stderr, /its command ended with exit status 1/);
  assert.match(ran.stdout, /report +1 +skipped/);
});

test('pipeline.yml: an image without Python is named as what it is', async () => {
  await using project = await projectCopy(FERRY_TIMES);
  const bin = join(project.folder, 'bin');
  await mkdir(bin);
  await symlink('/usr/bin/env', join(bin, 'env'));
  const settings = join(project.folder, 'conf', 'fargate', 'wherry.yml');
  const written = await readFile(settings, 'utf8');
  await writeFile(settings, written.replace('  cluster:', `  env: { PATH: ${bin} }\n  cluster:`));
  const ran = await wherry(['run', '-C', project.folder, '-e', 'fargate', '--emulate']);
  assert.equal(ran.status, 1, ran.stderr);
  assert.match(ran.stderr, /the image has no python3 in its PATH/);
});

test('pipeline.yml: a node with an image of its own has a container and a task definition of its own', async () => {
  await using project = await projectCopy(FERRY_TIMES);
  const file = join(project.folder, 'pipeline.yml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('command: [node,', 'image: registry/node-and-python:22\n    command: [node,'));
  const words = ['-C', project.folder, '-e', 'fargate'];
  const ran = await wherry(['run', ...words, '--emulate']);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /sailed +3 +succeeded/);
  assert.match(ran.stdout, /report +1 +succeeded/);
  const families = /task definition: (.*)\n/.exec(ran.stderr)?.[1]?.split(', ') ?? [];
  assert.match(families[0] ?? '', /^wherry-ferry-times:1 /);
  assert.match(families[1] ?? '', /^wherry-ferry-times-[0-9a-f]{8}:1 /);
  const compiled = await wherry(['compile', ...words]);
  const dag = await readFile(join(project.folder, 'dags', 'ferry-times.py'), 'utf8');
  assert.equal(compiled.status, 0, compiled.stderr);
  assert.match(dag, /"name": "wherry-ferry-times-[0-9a-f]{8}",\n? *"image": "registry\/node-and-python:22"/);
});
