import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { configJsonSchema } from '../src/config/json-schema.ts';
import { readYaml } from '../src/util/yaml-document.ts';
import { root, wherry } from './support/cli.ts';

const PROJECT = join(root, 'test', 'fixtures', 'twelve-mistakes');
const [BASE, FARGATE] = ['conf/base/wherry.yml', 'conf/fargate/wherry.yml'];

/** Where each begins (counted from 1), what it is called, and where the JSON Schema rejects it, if it can see it. */
const MISTAKES: readonly (readonly [file: string, line: number, column: number, code: string, seen?: string])[] = [
  // A key that there is not.
  [BASE, 3, 3, 'config/unknown-key', '/execution_engine'],
  // An id that no subnet has.
  [BASE, 4, 39, 'network/malformed-id'],
  // A value of another type.
  [BASE, 5, 9, 'config/invalid', '/execution_engine/spot'],
  // Neither a name nor an ARN.
  [BASE, 6, 18, 'config/malformed-role'],
  // A number out of bounds.
  [BASE, 8, 37, 'config/invalid', '/execution_engine/ephemeral_storage/size_in_gib'],
  // None of the choices.
  [BASE, 9, 11, 'config/invalid', '/grouping'],
  // Not YAML; what the line means can still be read.
  [FARGATE, 1, 35, 'config/syntax'],
  // A variable without a value.
  [FARGATE, 2, 8, 'config/unresolved-variable'],
  // A variable with a wrong one.
  [FARGATE, 3, 10, 'config/invalid'],
  // A size that Fargate has not.
  [FARGATE, 5, 18, 'size/not-on-fargate'],
  // A node that there is not.
  [FARGATE, 6, 3, 'config/names-nothing'],
  // A volume, which Fargate has not.
  [FARGATE, 7, 35, 'config/volume-on-fargate'],
];

test('check: twelve mistakes of twelve kinds in two files are twelve findings, each at its place, in one run', async () => {
  const { status, stdout } = await wherry(['check', '-C', PROJECT, '-e', 'fargate', '--format', 'json', '--no-cache'], {
    SHOP_TIMEOUT: 'soon',
  });
  assert.equal(status, 1);
  const { diagnostics } = JSON.parse(stdout);
  const found = diagnostics.map(
    (item: { file: string; range: { start: { line: number; column: number } }; code: string }) => [
      item.file,
      item.range.start.line,
      item.range.start.column,
      item.code,
    ],
  );
  assert.deepEqual(
    found,
    MISTAKES.map(([file, line, column, code]) => [file, line, column, code]),
  );
  const fromVariable = diagnostics[8];
  assert.match(fromVariable.notes[0].message, /made from the environment variable 'SHOP_TIMEOUT'/);
});

test('JSON Schema: of the twelve mistakes it rejects those that are of the form of one value, and nothing else', () => {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(configJsonSchema());
  for (const file of [BASE, FARGATE]) {
    validate(readYaml(readFileSync(join(PROJECT, file), 'utf8')).value);
    const rejected = new Set((validate.errors ?? []).map(({ instancePath }) => instancePath));
    const expected = MISTAKES.flatMap(([where, , , , seen]) => (where === file && seen !== undefined ? seen : []));
    assert.deepEqual([...rejected].sort(), expected.sort(), file);
  }
});
