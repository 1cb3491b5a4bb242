import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../src/cli/commands.ts';
import { runConfigSchema } from '../src/config/airflow-k8s-schema.ts';
import { configSchema } from '../src/config/schema.ts';
import { pipelineSchema } from '../src/load/yaml/schema.ts';
import { readYaml } from '../src/util/yaml-document.ts';
import { root } from './support/cli.ts';

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

test('docs: every command and flag that a page shows is there', () => {
  const names = new Set(COMMANDS.map(({ name }) => name));
  const flags = new Set(
    COMMANDS.flatMap(({ options = [] }) => options.flatMap(({ flags: text }) => text.match(/--?[a-z-]+/gi) ?? [])),
  );
  const global = [
    '-C',
    '-e',
    '-p',
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

test('docs: every link to a file of ours leads somewhere, and the settings page knows every key', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.doesNotThrow(
        () => readdirSync(join(root, dirname(page), dirname(target))).includes(target),
        `${page}: ${target}`,
      );
    }
  }
  const settings = read('docs/settings.md');
  for (const key of [
    ...Object.keys(configSchema.shape),
    ...Object.keys(configSchema.shape.execution_engine.unwrap().shape),
  ]) {
    assert.ok(settings.includes(key), `docs/settings.md says nothing of ${key}`);
  }
  const upstream = read('docs/airflow-k8s.md');
  for (const key of Object.keys(runConfigSchema.shape)) {
    assert.ok(upstream.includes(key), `docs/airflow-k8s.md says nothing of ${key}`);
  }
});
