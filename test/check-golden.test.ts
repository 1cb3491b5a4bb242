import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import picocolors from 'picocolors';
import { CODES } from '../src/diagnostics/codes.ts';
import { renderPretty } from '../src/diagnostics/render/pretty.ts';
import { findingsOf } from './support/findings.ts';
import { assertGolden, goldenCases } from './support/golden.ts';

const GOLDEN = join(import.meta.dirname, 'golden', 'check');
const DOCS = join(import.meta.dirname, '..', 'docs', 'diagnostics.md');

const cases = goldenCases(GOLDEN);

for (const { name, folder } of cases) {
  test(`check: golden case ${name}`, async () => {
    const rendered = renderPretty(await findingsOf(folder), picocolors.createColors(false)).replaceAll(
      folder,
      '<project>',
    );
    assertGolden(join(folder, 'expected.txt'), rendered);
  });
}

test('check: every code has a golden case that finds it and a near miss in which nothing is found', async () => {
  for (const code of Object.keys(CODES)) {
    const name = code.replace('/', '-');
    const hit = await findingsOf(join(GOLDEN, name)).catch(() => []);
    assert.ok(
      hit.some((found) => found.code === code),
      `${name} does not find ${code}`,
    );
    if (!code.startsWith('project/')) {
      const miss = await findingsOf(join(GOLDEN, `${name}-near-miss`));
      assert.ok(!miss.some((found) => found.code === code), `${name}-near-miss finds ${code}`);
    }
  }
});

test('check: every code has a section in docs/diagnostics.md whose example is what Wherry prints', () => {
  const docs = readFileSync(DOCS, 'utf8');
  for (const [code, { title }] of Object.entries(CODES)) {
    const section = docs.split(/^## /m).find((part) => part.startsWith(`${code}\n`));
    assert.ok(section !== undefined, `docs/diagnostics.md has no section ${code}`);
    assert.ok(section.includes(title), `the section ${code} does not carry the title of the table`);
    const expected = readFileSync(join(GOLDEN, code.replace('/', '-'), 'expected.txt'), 'utf8');
    assert.ok(section.includes(expected.trim()), `the example of ${code} is not what Wherry prints`);
  }
});
