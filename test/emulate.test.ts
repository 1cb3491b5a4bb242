import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { examplePython, root, tinyProject, wherry } from './support/cli.ts';

const WHERRY = join(root, 'bin', 'wherry');

test('emulate: a shell evaluates what it prints, talks to it, and ends it by the process number', async () => {
  await using project = await tinyProject();
  const script = `
    eval "$('${process.execPath}' '${WHERRY}' emulate -C '${project.folder}' &)"
    '${process.execPath}' -e 'fetch(process.env.AWS_ENDPOINT_URL_ECS + "/_emulator/hold").then(({ status }) => {
      console.log(status);
      process.exit();
    })'
    kill "$WHERRY_EMULATOR_PID"
    while kill -0 "$WHERRY_EMULATOR_PID" 2>/dev/null; do sleep 0.1; done
    echo ended`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { timeout: 60_000 });
  assert.deepEqual(stdout.trim().split('\n'), ['200', 'ended']);
});

test('emulate: what --faults names goes wrong in the run, and a file that is wrong is told line by line', async () => {
  await using project = await tinyProject();
  const faults = join(project.folder, 'faults.yml');
  const python = ['--python', await examplePython()];
  const words = ['run', '-C', project.folder, '-e', 'fargate', '-p', 'isolation', '--emulate', '--faults', faults];
  await writeFile(faults, 'requests:\n  - {fault: throtled}\n  - {fault: throttled, percent: 101}\n');
  const refused = await wherry([...words, ...python]);
  assert.equal(refused.status, 2, refused.stderr);
  assert.ok(refused.stderr.includes(`${faults}:2:13: requests.0.fault: 'throtled' is no fault of requests`));
  assert.ok(refused.stderr.includes(`${faults}:3:33: requests.1.percent: Too big`));

  const error = '{fault: error, type: AccessDeniedException, message: this is a rehearsal, operation: RunTask}';
  await writeFile(faults, `requests: [${error}]\n`);
  const failed = await wherry([...words, ...python]);
  assert.notEqual(failed.status, 0);
  assert.match(failed.stderr, /this is a rehearsal/);
});
