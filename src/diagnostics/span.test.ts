import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineText, positionAt, spanOfLine } from './span.ts';

const file = { path: 'a.yml', text: 'one: 1\r\n  naïve: "🚲 bike"\n\tlast: x' };

test('span: positions are 1-based and count code points, not UTF-16 units', () => {
  assert.deepEqual(positionAt(file, 0), { line: 1, column: 1 });
  assert.deepEqual(positionAt(file, file.text.indexOf('naïve')), { line: 2, column: 3 });
  assert.deepEqual(positionAt(file, file.text.indexOf('bike')), { line: 2, column: 13 });
  assert.deepEqual(positionAt(file, file.text.length), { line: 3, column: 9 });
});

test('span: a line comes without its break, whichever it is', () => {
  assert.equal(lineText(file, 1), 'one: 1');
  assert.equal(lineText(file, 3), '\tlast: x');
  assert.equal(lineText(file, 4), '');
});

test('span: the span of a line leaves its indentation out', () => {
  const { start, end } = spanOfLine(file, 2);
  assert.equal(file.text.slice(start, end), 'naïve: "🚲 bike"');
});
