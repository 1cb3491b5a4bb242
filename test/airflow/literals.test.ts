import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { plan as makePlan } from '../../src/plan/plan.ts';
import { airflow } from '../../src/target/airflow/airflow.ts';
import { assignment, type Literal } from '../../src/target/airflow/python-literal.ts';
import { root } from '../support/cli.ts';
import { makeDataset, makeNode, makeProject } from '../support/random-pipeline.ts';
import { settings, sha256 } from '../support/settings.ts';

const bootstrap = readFileSync(join(root, 'bridge', 'bootstrap.py'), 'utf8');

/** What people, and their enemies, put into names. */
const NASTY = [
  '"',
  "'",
  '"""',
  "'''",
  '\\',
  '\n',
  '\r\n',
  '{{ 1/0 }}',
  '{% raw %}',
  '{# x #}',
  '%(a)s %s %',
  '${HOME}',
  '\u202e',
  '\u2028',
  '\0',
  '漢字 🚲 é',
  '); import os #',
  'x'.repeat(300),
];
const hostile = fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' })), {
  minLength: 1,
  maxLength: 3,
});
const text = hostile.map((parts) => parts.join(' '));

function dagOf([project, pipelineName, node, dataset, value]: readonly string[], params: readonly string[]): string {
  const nodes = [
    makeNode(`${node}1`, { outputs: [dataset ?? ''], inputs: params.map((name) => `params:${name}`) }),
    makeNode(`${node}2`, { inputs: [dataset ?? ''], outputs: ['kept'], tags: [value ?? ''] }),
  ];
  const made = makeProject(nodes, [makeDataset('kept')]);
  const pipeline = { name: pipelineName ?? '', nodes };
  const given = settings({
    image: `registry/${value}`,
    spill: `s3://bucket/${value}`,
    execution_engine: { env: { VALUE: value ?? '' }, tags: { owner: value ?? '' }, cluster: value || 'c' },
    airflow: { dag: { tags: [value ?? ''], description: value ?? '' }, default_args: { owner: value ?? '' } },
    run_config: { run_name: project || 'x' },
  });
  const { plan } = makePlan({ project: made, pipeline, grouping: 'node', settings: given, sha256 });
  const [dag] = airflow.compile({
    plan,
    settings: given,
    spill: given.spill?.location,
    region: undefined,
    revisions: new Map(),
    bootstrap,
    stepHash: sha256(''),
    sha256,
    deflate: (content) => content,
  });
  return dag?.content ?? '';
}

test('airflow: whatever names and settings hold, a DAG is literals and the one program', () => {
  const dags = fc.sample(fc.tuple(fc.array(text, { minLength: 5, maxLength: 5 }), fc.array(text)), 300);
  const values = fc.sample(fc.jsonValue({ stringUnit: 'binary' }), 500) as Literal[];
  const literals = [...values, ...NASTY, NASTY].map((value) => [assignment('A', value).slice('A = '.length), value]);
  const input = JSON.stringify({ dags: dags.map(([names, params]) => dagOf(names, params)), literals });
  const checked = spawnSync('python3', [join(import.meta.dirname, 'check_literals.py')], { input, encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stdout, /^300 DAGs/);
});
