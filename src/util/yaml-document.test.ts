import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from './yaml-document.ts';

test('yaml: scalars are those of YAML 1.1, as PyYAML reads them', () => {
  const { value } = readYaml('a: yes\nb: off\nc: 0o17\nd: 017\ne: 1_000\n');
  assert.deepEqual(value, { a: true, b: false, c: '0o17', d: 15, e: 1000 });
});

test('yaml: what only looks like a number is text, and a number too large to be exact is the text of it', () => {
  const text = 'a: [e3, ., 08, 0:30, -.5, .5, 1e3, 12:30:45, 2026-01-01, 12345678901234567890, -0x20000000000001]';
  assert.deepEqual(readYaml(text).value, {
    a: ['e3', '.', '08', '0:30', '-.5', 0.5, 1000, 45045, '2026-01-01', '12345678901234567890', '-9007199254740993'],
  });
});

test('yaml: keys of other types are text, and found by it; what no key can be is refused', () => {
  const text = 'yes: 1\n7: 2\n~: 3\n1e3: 4\n__proto__: {x: 5}\n';
  const document = readYaml(text);
  assert.deepEqual(Object.entries(document.value as object), [
    ['7', 2],
    ['1000', 4],
    ['true', 1],
    ['', 3],
    ['__proto__', { x: 5 }],
  ]);
  for (const [key, start] of [
    ['true', 0],
    [7, 7],
    ['', 12],
    ['1000', 17],
    ['__proto__', 24],
  ] as const)
    assert.equal(document.range([key], 'key')?.start, start);
  const refused: [text: string, message: RegExp, start: number][] = [
    ['a: {{ name }}', /braces needs quotes/, 4],
    ['[a]: 1', /cannot be a key/, 0],
    ['a: 1\nb: 2\na: 3', /the key 'a' is there already/, 10],
    ['a: !mine 1', /Unresolved tag/, 3],
    ['a: 1\n---\nb: 2', /a second document/, 5],
    ['a: &x 1\nb: &x 2', /&x is there already/, 14],
    ['a: *x', /no anchor &x before/, 3],
    ['a: &x {b: *x}', /\*x is a part of what it stands for/, 10],
    ['a: {<<: 3}', /must be a map/, 8],
  ];
  for (const [wrong, message, start] of refused) {
    const { errors } = readYaml(wrong);
    assert.deepEqual([errors.length, errors[0]?.start], [1, start], `${wrong}: ${JSON.stringify(errors)}`);
    assert.match(errors[0]?.message ?? '', message);
  }
});

test('yaml: aliases that stand for too much, and depth without end, are one mistake each and take no time', () => {
  const bomb = Array.from(
    { length: 40 },
    (_, at) => `a${at}: &a${at} [${at === 0 ? 'x' : `*a${at - 1}, *a${at - 1}`}]`,
  );
  for (const text of [
    bomb.join('\n'),
    bomb.join('\n').replaceAll(/\[(.*), (.*)\]/g, '{x: $1, y: $2}'),
    '['.repeat(1e5),
    '{'.repeat(5000),
  ]) {
    const { errors } = readYaml(text);
    assert.equal(errors.length, 1);
    assert.match(errors[0]?.message ?? '', /stand for more than|nested too deep/);
  }
  const catalog = ['_csv: &csv {type: pandas.CSVDataset, load_args: {sep: ","}}'];
  for (let at = 0; at < 3000; at++) catalog.push(`d${at}: {<<: *csv, filepath: data/${at}.csv}`, `e${at}: *csv`);
  const document = readYaml(catalog.join('\n'));
  assert.deepEqual(document.errors, []);
  assert.deepEqual((document.value as Record<string, object>)['d2999'], {
    type: 'pandas.CSVDataset',
    load_args: { sep: ',' },
    filepath: 'data/2999.csv',
  });
  assert.equal(
    document.range(['d2999', 'load_args', 'sep'])?.start,
    document.range(['_csv', 'load_args', 'sep'])?.start,
  );
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
