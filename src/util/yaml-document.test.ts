import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from './yaml-document.ts';

test('yaml: scalars are those of YAML 1.1, as PyYAML reads them', () => {
  const { value } = readYaml('a: yes\nb: off\nc: 0o17\nd: 017\ne: 1_000\n');
  assert.deepEqual(value, { a: true, b: false, c: '0o17', d: 15, e: 1000 });
});

test('yaml: anchors and merge keys are followed, for values and for places', () => {
  const text = 'base: &b {x: 1}\nother:\n  <<: *b\n  y: 2\nalias: *b\n';
  const document = readYaml(text);
  assert.deepEqual(document.value, { base: { x: 1 }, other: { x: 1, y: 2 }, alias: { x: 1 } });
  const range = document.range(['alias', 'x']);
  assert.equal(text.slice(range?.start, range?.end), '1');
});

test('yaml: keys and values have their places, lists too', () => {
  const text = 'subnets: [subnet-1, "subnet-2"]\nnested:\n  key: value # why\n';
  const document = readYaml(text);
  const shown = (path: (string | number)[], part?: 'key') => {
    const range = document.range(path, part);
    return range && text.slice(range.start, range.end);
  };
  assert.equal(shown(['subnets', 1]), '"subnet-2"');
  assert.equal(shown(['nested', 'key'], 'key'), 'key');
  assert.equal(shown(['nested', 'key']), 'value');
  assert.equal(shown(['nested', 'nothing']), undefined);
});

test('yaml: every mistake is reported with its place, and nothing is thrown', () => {
  for (const text of ['a: [1, 2\nb: 3\n', 'a: 1\na: 2\n', '\ta: 1\n', 'a: "unclosed\n', 'a: *nothing\n']) {
    const { errors } = readYaml(text);
    assert.ok(errors.length > 0, text);
    for (const { start, end } of errors) assert.ok(0 <= start && start <= end && end <= text.length + 1, text);
  }
  assert.deepEqual(readYaml('').value, null);
});
