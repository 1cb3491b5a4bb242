import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root, tinyProject } from './support/cli.ts';

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
