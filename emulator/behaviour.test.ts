import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { promisify } from 'node:util';
import { pythonEnv } from '../test/support/python-env.ts';
import { BEHAVIOUR_TESTS, statements } from './test-behaviour.ts';

/** What was wrong with each, null where nothing was. */
const outcomes = new Map<string, string | null>();

before(async () => {
  // It has boto3 beside moto.
  const python = await pythonEnv('s3', join(import.meta.dirname, 's3', 'requirements.txt'));
  const emulator = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'main.ts')];
  const env = { ...process.env, EMULATOR_COMMAND: JSON.stringify(emulator), PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(python, [join(BEHAVIOUR_TESTS, 'run.py')], { env, maxBuffer: 1e8 });
  for (const line of stdout.trim().split('\n')) {
    const { id, error } = JSON.parse(line) as { id: string; error: string | null };
    outcomes.set(id, error);
  }
});

for (const { id = '', text } of statements()) {
  it(`emulator, by boto3: ${id}: ${text}`, () => {
    assert.ok(outcomes.has(id), [...outcomes.values()].filter(Boolean).join('\n') || 'it did not run');
    assert.equal(outcomes.get(id), null);
  });
}
