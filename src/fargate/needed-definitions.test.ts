import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { configSchema } from '../config/schema.ts';
import type { Plan } from '../model/plan.ts';
import { neededDefinitions } from './needed-definitions.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function familiesOf(images: readonly string[], settings: object = {}) {
  const plan = { project: 'shop', tasks: images.map((image) => ({ image })) } as unknown as Plan;
  return neededDefinitions(plan, configSchema.parse(settings), sha256);
}

test('definitions: the image of the settings has the plain family, each other image one of its own', () => {
  const main = 'localhost:5000/shop:1';
  const found = familiesOf([main, 'python:3.12', main], { image: main });
  assert.deepEqual(
    found.map(({ image }) => image),
    [main, 'python:3.12'],
  );
  assert.equal(found[0]?.family, 'wherry-shop');
  assert.match(found[1]?.family ?? '', /^wherry-shop-[0-9a-f]{8}$/);
});

test('definitions: a new tag or digest keeps the family, unless two are in use at once', () => {
  const familyOf = (image: string) => familiesOf([image])[0]?.family;
  assert.equal(familyOf('host:5000/python:3.12'), familyOf('host:5000/python:3.13'));
  assert.equal(familyOf('python'), familyOf(`python@sha256:${'0'.repeat(64)}`));
  assert.notEqual(familyOf('host:5000/python'), familyOf('host:6000/python'));
  const both = familiesOf(['python:3.12', 'python:3.13']).map(({ family }) => family);
  assert.equal(new Set(both).size, 2);
});

test('definitions: a family that is the user\u2019s is the only one', () => {
  assert.deepEqual(familiesOf([], { execution_engine: { task_definition: 'mine:3' } }), [
    { image: null, family: 'mine:3' },
  ]);
});
