import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseFaults } from '../emulator/faults/parse.ts';
import { FAULT_NAMES } from '../emulator/faults/schema.ts';
import { START_FAILURE_NAMES } from '../emulator/faults/start-failures.ts';
import { OPERATION_NAMES } from '../emulator/protocol.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import { runConfigSchema } from '../src/config/airflow-k8s-schema.ts';
import { configJsonSchema } from '../src/config/json-schema.ts';
import { configSchema } from '../src/config/schema.ts';
import { pipelineSchema } from '../src/load/yaml/schema.ts';
import { readYaml } from '../src/util/yaml-document.ts';
import { root } from './support/cli.ts';
import { settingsKeys } from './support/settings-keys.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
];
const read = (page: string) => readFileSync(join(root, page), 'utf8');

test('docs: every settings file that a page shows is one that Wherry takes', () => {
  let shown = 0;
  for (const page of PAGES) {
    for (const [, text = ''] of read(page).matchAll(/```yaml\n([\s\S]*?)```/g)) {
      const parsed = configSchema.safeParse(readYaml(text).value);
      assert.ok(parsed.success, `${page}: ${JSON.stringify(parsed.error?.issues)}`);
      shown++;
    }
  }
  assert.ok(shown > 0);
});

test('docs: every pipeline.yml that a page shows is one that Wherry takes', () => {
  const shown = PAGES.flatMap((page) => [...read(page).matchAll(/```yaml pipeline\.yml\n([\s\S]*?)```/g)]);
  assert.ok(shown.length > 0);
  for (const [, text = ''] of shown) {
    const parsed = pipelineSchema.safeParse(readYaml(text).value);
    assert.ok(parsed.success, `${JSON.stringify(parsed.error?.issues)}`);
  }
});

test('docs: every file of faults that a page shows is one that the emulator takes', () => {
  const shown = PAGES.flatMap((page) => [...read(page).matchAll(/```yaml faults\.yml\n([\s\S]*?)```/g)]);
  assert.ok(shown.length > 0);
  for (const [, text = ''] of shown) parseFaults(text, OPERATION_NAMES);
});

test('docs: every fault and cause that the emulator knows is on its page', () => {
  const page = read('docs/emulator.md');
  const names = [...FAULT_NAMES, ...START_FAILURE_NAMES, 'onDemand', 'spot'];
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``) && !page.includes(`${name}:`)),
    [],
  );
});

test('docs: every command and flag that a page shows is there', () => {
  const names = new Set(COMMANDS.map(({ name }) => name));
  const flags = new Set(
    COMMANDS.flatMap(({ options = [] }) => options.flatMap(({ flags: text }) => text.match(/--?[a-z-]+/gi) ?? [])),
  );
  const global = [
    '-C',
    '-e',
    '-p',
    '-v',
    '--help',
    '--python',
    '--format',
    '--conf-source',
    '--config-file',
    '--region',
    '--profile',
    '--endpoint-url',
    '--no-color',
  ];
  for (const page of PAGES) {
    for (const [line, command = '', rest = ''] of read(page).matchAll(
      /(?:bin\/wherry|`wherry|^wherry) ([a-z-]+)([^\n`#|]*)/gm,
    )) {
      assert.ok(names.has(command), `${page} shows '${line}', and there is no command '${command}'`);
      for (const flag of rest.match(/(?<=\s)--?[a-zA-Z-]+/g) ?? [])
        assert.ok(flags.has(flag) || global.includes(flag), `${page}: ${line}: ${flag}`);
    }
  }
});

test('docs: every link to a file of ours leads somewhere, and the page on airflow-k8s files knows every key', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.doesNotThrow(
        () => readdirSync(join(root, dirname(page), dirname(target))).includes(target),
        `${page}: ${target}`,
      );
    }
  }
  const upstream = read('docs/airflow-k8s.md');
  for (const key of Object.keys(runConfigSchema.shape)) {
    assert.ok(upstream.includes(key), `docs/airflow-k8s.md says nothing of ${key}`);
  }
});

test('docs: the tables of the settings page have every key, and none that there is not', () => {
  const shown = keysShown(read('docs/settings.md'));
  const keys = settingsKeys(configJsonSchema()).map(({ path }) => path);
  for (const key of keys) {
    const isAbove = keys.some((other) => other.startsWith(`${key}.`));
    assert.ok(isAbove || shown.has(key) || shown.has(`${key}.<name>`), `docs/settings.md says nothing of ${key}`);
  }
  for (const key of shown) {
    if (/^(host|output|run_config)\b/.test(key)) continue;
    assert.ok(keys.includes(key.replace(/[.]<name>$/, '')), `there is no ${key}, of which docs/settings.md speaks`);
  }
});

/** What stands in the first columns of tables. A key that begins with a dot is beside the last that does not. */
function keysShown(page: string): Set<string> {
  let above = '';
  const cells = [...page.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  const codes = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
  return new Set(
    codes.map((code) => {
      if (code.startsWith('.')) return above + code;
      above = code.replace(/[.]?[^.]*$/, '');
      return code;
    }),
  );
}
