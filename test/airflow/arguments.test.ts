import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Arguments, DAG_ARGUMENTS, OPERATOR_ARGUMENTS } from '../../src/check/airflow-arguments.ts';
import { cronProblem } from '../../src/util/cron.ts';
import { runPython } from '../support/compare.ts';
import { pythonEnv } from '../support/python-env.ts';

const here = import.meta.dirname;
const python = (version: string) => pythonEnv(`airflow-${version}`, join(here, `requirements-airflow-${version}.txt`));

async function argumentsOf(version: string) {
  const home = await mkdtemp(join(tmpdir(), 'wherry-airflow-'));
  const env = { AIRFLOW_HOME: home };
  const { status, output } = await runPython(await python(version), [join(here, 'airflow_arguments.py')], { env });
  await rm(home, { recursive: true });
  assert.equal(status, 0, output);
  return JSON.parse(output.split('\n').find((line) => line.startsWith('{"dag"')) ?? '') as {
    dag: string[];
    operator: string[];
  };
}

function namesOf({ taken, objects, ours, refused }: Arguments): string[] {
  return [...taken, ...objects, ...Object.keys(ours), ...refused];
}

test('airflow: the arguments that check knows are those of Airflow 2 and 3, no more and no less', async () => {
  const [two, three] = await Promise.all([argumentsOf('2.11'), argumentsOf('3.3')]);
  for (const [known, of2, of3] of [
    [DAG_ARGUMENTS, two.dag, three.dag],
    [OPERATOR_ARGUMENTS, two.operator, three.operator],
  ] as const) {
    assert.deepEqual(namesOf(known).sort(), [...new Set([...of2, ...of3])].sort());
    const onlyIn = Object.fromEntries(
      known.taken.flatMap((name): [string, string][] =>
        of2.includes(name) && of3.includes(name) ? [] : [[name, of2.includes(name) ? '2' : '3']],
      ),
    );
    assert.deepEqual(known.onlyIn, onlyIn);
  }
});

/** Fields as people write them, and some that are off the mark. */
const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const expression = fc
  .tuple(
    ...RANGES.map(([low, high]) => {
      const value = fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: low, max: high }) },
        fc.integer({ min: low, max: high + 9 }),
      );
      const range = fc.tuple(value, value).map((ends) => ends.join('-'));
      const part = fc.oneof(
        fc.constant('*'),
        value.map(String),
        range,
        fc.tuple(range, fc.integer({ min: 1, max: 9 })).map((parts) => parts.join('/')),
        fc.integer({ min: 1, max: 70 }).map((step) => `*/${step}`),
      );
      return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
    }),
  )
  .map((fields) => fields.join(' '));

test('airflow: no schedule that its croniter takes is called wrong, and those that it refuses are', async () => {
  const texts = [...new Set(fc.sample(expression, { numRuns: 2000, seed: 7 }))];
  const program = `
import json, sys
from datetime import datetime
from croniter import croniter

def is_fine(text):
    try:
        croniter(text, datetime(2024, 1, 1)).get_next()
        return True
    except ValueError:
        return False

print(json.dumps([is_fine(text) for text in json.loads(sys.argv[1])]))
`;
  const { status, output } = await runPython(await python('3.3'), ['-c', program, JSON.stringify(texts)]);
  assert.equal(status, 0, output);
  const fine = JSON.parse(output.trim().split('\n').at(-1) ?? '') as boolean[];
  const differing = texts.filter((text, index) => (cronProblem(text) === undefined) !== fine[index]);
  assert.deepEqual(differing, []);
  assert.ok(fine.filter((isFine) => !isFine).length > 300 && fine.filter((isFine) => isFine).length > 300);
});
