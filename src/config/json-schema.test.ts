import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { settingsKeys } from '../../test/support/settings-keys.ts';
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
  const longer = {
    spill: { location: 's3://b/p', keep: '7d' },
    execution_engine: {
      capacity_provider_strategy: [{ capacity_provider: 'FARGATE_SPOT', weight: 1 }],
      efs: { '/mnt/a': 'fs-0123456789abcdef0', '/mnt/b': { file_system_id: 'fs-01234567', iam: 'ENABLED' } },
      sidecars: { proxy: { image: 'proxy:1', vcpu: '100m', memory: '64Mi', condition: 'START' } },
    },
    resources: { train: { timeout: '2h' } },
    retries: { oom: 'grow' },
    timeout: 90,
    allowed_account_ids: 123456789012,
    image_check: 'off',
    cache: { env: 'COUNTRY' },
    groups: { train: ['a', 'b'], last: 'c' },
    estimates: { __default__: '1m' },
  };
  assert.ok(validate(longer), JSON.stringify(validate.errors));
});

test('JSON Schema: refuses what the settings refuse for their form', () => {
  const golden = join(root, 'test', 'golden', 'check');
  for (const name of ['config-invalid', 'config-unknown-key']) {
    const [file = ''] = readdirSync(join(golden, name, 'conf', 'base'));
    assert.equal(validate(read(join(golden, name, 'conf', 'base', file))), false, name);
  }
  assert.equal(validate({ spill: 'bucket/prefix' }), false);
  const wrong = [
    { execution_engine: { subnets: [1] } },
    { execution_engine: { capacity_provider_strategy: [{ capacity_provider: 'my-provider' }] } },
    { execution_engine: { efs: { '/mnt/a': 'efs' } } },
    { execution_engine: { sidecars: { proxy: { memory: 64 } } } },
    { spill: { location: 's3://b/p', keep: 'a week' } },
    { retries: { platform: -1 } },
    { retries: { oom: 'shrink' } },
    { allowed_account_ids: ['123'] },
    { image_check: 'maybe' },
    { groups: { train: [1] } },
  ];
  for (const settings of wrong) assert.equal(validate(settings), false, JSON.stringify(settings));
});

test('JSON Schema: says of every key what it is for, and gives a default, the choices or an example', () => {
  const keys = settingsKeys(configJsonSchema());
  assert.ok(keys.length > 60, `${keys.length} keys`);
  for (const { path, schema } of keys) {
    assert.ok(schema.description, `${path} has no description`);
    const isShown = schema.examples ?? schema.default ?? schema.enum ?? schema.properties;
    assert.ok(isShown !== undefined || schema.type === 'boolean', `${path} has no example`);
  }
});
