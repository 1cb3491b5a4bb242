import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { root } from './support/cli.ts';

function demo(...words: string[]) {
  return new Promise<{ status: number; output: string }>((resolve) => {
    execFile(
      process.execPath,
      ['scripts/demo.mjs', ...words],
      { cwd: root, maxBuffer: 1 << 26 },
      (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

test('demo: it ends with status 0, with every output equal and three commands to try', async () => {
  const { status, output } = await demo();
  assert.equal(status, 0, output);
  assert.match(output, /10 of 10 datasets equal/);
  assert.match(output, /registered for this run/);
  assert.match(output, /CPU seconds: command line \d/);
  assert.match(output, /Try next:\n( {2}bin\/wherry .*\n){3}/);
});

test('demo: with one object gone from S3 before the check it ends with status 1 and names it', async () => {
  const { status, output } = await demo('--delete', 's3://wherry-example-bike-hire/data/08_reporting/docks_van.csv');
  assert.equal(status, 1, output);
  assert.match(output, /not equal: docks\.van_report/);
});
