import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import picocolors from 'picocolors';
import { type PrepareOptions, planAndCheck } from '../src/cli/prepare.ts';
import { CODES } from '../src/diagnostics/codes.ts';
import { sortDiagnostics } from '../src/diagnostics/diagnostic.ts';
import { renderPretty } from '../src/diagnostics/render/pretty.ts';
import { interpretDescription, kedroLoader } from '../src/load/kedro/load.ts';
import { descriptionSchema } from '../src/load/kedro/protocol.ts';
import { yamlLoader } from '../src/load/yaml/load.ts';
import { recorder } from '../src/store/recorder.ts';
import { root } from './support/cli.ts';
import { assertGolden, goldenCases } from './support/golden.ts';

const GOLDEN = join(import.meta.dirname, 'golden', 'check');
const DOCS = join(import.meta.dirname, '..', 'docs', 'diagnostics.md');

/** A case: `options.json` (flags), `pipeline.yml` or `description.json` (what the bridge says; without either no Python is found), `conf/`, sources. */
async function findingsOf(folder: string) {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
  const options = {
    color: false,
    ...(existsSync(join(folder, 'options.json')) ? read('options.json') : {}),
  } as PrepareOptions;
  const record = recorder({});
  const loaded = existsSync(join(folder, 'description.json'))
    ? interpretDescription(descriptionSchema.parse(complete(read('description.json'))), {
        root: folder,
        files: record.files,
        inputs: undefined,
        python: 'python3',
        tried: [{ origin: 'python3', path: '/usr/bin/python3' }],
      })
    : await (existsSync(join(folder, 'pipeline.yml')) ? yamlLoader : kedroLoader).load({
        root: folder,
        env: undefined,
        pipeline: undefined,
        confSource: undefined,
        python: undefined,
        variables: {},
        bridge: '',
        cache: undefined,
        files: record.files,
        namedVariables: () => [],
      });
  assert.notEqual(loaded.kind, 'usage', loaded.kind === 'usage' ? loaded.message : '');
  if (loaded.kind !== 'loaded') return loaded.kind === 'failed' ? sortDiagnostics(loaded.diagnostics) : [];
  const preparation = await planAndCheck(loaded, {
    options,
    host: { packageRoot: root },
    record,
    fillIn: (settings) => settings,
  });
  return preparation.ready ? preparation.prepared.diagnostics : preparation.diagnostics;
}

/** A case says only what matters to it. */
function complete(description: object): object {
  const {
    nodes = {},
    datasets = {},
    ...rest
  } = description as { nodes?: Record<string, object>; datasets?: Record<string, object> };
  const node = {
    function: 'f',
    file: null,
    line: null,
    inputs: [],
    outputs: [],
    tags: [],
    namespace: null,
    confirms: [],
  };
  const dataset = {
    type: 'pandas.CSVDataset',
    path: null,
    pathKey: 'filepath',
    table: null,
    versioned: false,
    credentials: null,
    pattern: null,
  };
  const filled = <T extends object>(items: Record<string, object>, base: T) =>
    Object.fromEntries(Object.entries(items).map(([name, item]) => [name, { ...base, ...item }]));
  return {
    version: 1,
    kedroVersion: '1.7.0',
    pythonVersion: '3.11.7',
    packageName: 'shop',
    projectName: 'Shop',
    env: 'local',
    baseEnv: 'base',
    confSource: 'conf',
    pipelines: { __default__: Object.keys(nodes) },
    parameters: [],
    problems: [],
    ...rest,
    nodes: filled(nodes, node),
    datasets: filled(datasets, dataset),
  };
}

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
