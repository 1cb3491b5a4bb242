import assert from 'node:assert/strict';
import { it } from 'node:test';
import { statements, testNames } from './test-behaviour.ts';

it('BEHAVIOUR.md: every statement has a name of its own', () => {
  const nameless = statements().filter(({ id }) => id === undefined);
  assert.deepEqual(nameless, [], 'begin it with **a-name**, and hold it with test_a_name in emulator/behaviour/');
  const ids = statements().map(({ id }) => id);
  assert.ok(ids.length > 100);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
});

it('BEHAVIOUR.md: every statement has a test of its name in behaviour/, and every test there a statement', () => {
  const tests = testNames();
  const ids = statements().map(({ id }) => id ?? '');
  const untested = ids.filter((id) => !tests.includes(id));
  assert.deepEqual(untested, [], 'write test_<name>(self) for it, or a row `"<name>": (…)`, in emulator/behaviour/');
  const unsaid = tests.filter((id) => !ids.includes(id));
  assert.deepEqual(unsaid, [], 'say in emulator/BEHAVIOUR.md what it holds');
});
