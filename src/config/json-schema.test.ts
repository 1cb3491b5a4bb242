import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readYaml } from '../util/yaml-document.ts';
import { configJsonSchema } from './json-schema.ts';

const root = join(import.meta.dirname, '..', '..');
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(configJsonSchema());
const read = (path: string) => readYaml(readFileSync(path, 'utf8')).value;

test('JSON Schema: takes every settings file of the examples, and every short form', () => {
  const files = ['bike-hire', 'ferry-times'].map((name) =>
    join(root, 'examples', name, 'conf', 'fargate', 'wherry.yml'),
  );
  for (const file of files) assert.ok(validate(read(file)), JSON.stringify(validate.errors));
  const short = {
    spill: 's3://b/p',
    execution_engine: { subnets: 'subnet-1', assign_public_ip: 'ENABLED' },
    severity: { 'size/snapped': false },
  };
  assert.ok(validate(short), JSON.stringify(validate.errors));
  assert.ok(validate({ spill: { location: 's3://b/p' }, execution_engine: { subnets: ['a'] } }));
});

test('JSON Schema: refuses what the settings refuse for their form', () => {
  const golden = join(root, 'test', 'golden', 'check');
  for (const name of ['config-invalid', 'config-unknown-key']) {
    const [file = ''] = readdirSync(join(golden, name, 'conf', 'base'));
    assert.equal(validate(read(join(golden, name, 'conf', 'base', file))), false, name);
  }
  assert.equal(validate({ spill: 'bucket/prefix' }), false);
  assert.equal(validate({ execution_engine: { subnets: [1] } }), false);
});

test('JSON Schema: says of every key of the engine what it takes', () => {
  const { properties } = configJsonSchema() as { properties: Record<string, { properties?: object }> };
  assert.ok(Object.keys(properties['execution_engine']?.properties ?? {}).length > 15);
});
