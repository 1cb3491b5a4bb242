import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { VERSION } from '../src/cli/command.ts';
import { root, wherry } from './support/cli.ts';

const PIPELINE = 'name: shop\nnodes:\n  - name: clean, "all"\n    command: [python3, clean.py]\n';
const SETTINGS = `execution_engine:
  type: aws-fargate
  cluster: ml-pipelines
  subnets: subnet-001122334455
  enable_execute_command: true
  execution_role_arn: execution
image: shop:1
`;

/** `wherry check` on a project with a note (a list written as one value) and, for Airflow, a warning. */
async function check(words: readonly string[], settings = SETTINGS) {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-test-'));
  await mkdir(join(folder, 'conf', 'base'), { recursive: true });
  await writeFile(join(folder, 'pipeline.yml'), PIPELINE);
  await writeFile(join(folder, 'conf', 'base', 'wherry.yml'), settings);
  const ended = await wherry(['check', '-C', folder, '--target', 'airflow', ...words]);
  await rm(folder, { recursive: true });
  return ended;
}

test('check: a warning is no failure, unless warnings are denied', async () => {
  const { status, stdout } = await check([]);
  assert.equal(status, 0);
  assert.match(stdout, /0 errors, 1 warning, 1 note\n$/);
  assert.equal((await check(['--deny-warnings'])).status, 1);
});

test('check: as GitHub annotations, one a line, with what would end a property or the line escaped', async () => {
  const { stdout } = await check(['--format', 'github']);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.match(
    lines.join('\n'),
    /^::notice file=conf\/base\/wherry.yml,line=4,endLine=4,col=12,endColumn=31,title=config\/scalar-for-list::.*%0A/m,
  );
  assert.match(lines.join('\n'), /^::warning file=.*,line=5,endLine=5,col=3,.*title=airflow\/not-sent::/m);
});

test('check: as SARIF, with a rule for each code and its place', async () => {
  const { stdout } = await check(['--format', 'sarif']);
  const { version, runs } = JSON.parse(stdout);
  assert.equal(version, '2.1.0');
  const [{ tool, results, columnKind }] = runs;
  assert.equal(tool.driver.version, VERSION);
  assert.equal(columnKind, 'unicodeCodePoints');
  assert.deepEqual(
    results.map(({ ruleId, level, ruleIndex }: { ruleId: string; level: string; ruleIndex: number }) => [
      ruleId,
      level,
      tool.driver.rules[ruleIndex].id,
    ]),
    [
      ['config/scalar-for-list', 'note', 'config/scalar-for-list'],
      ['airflow/not-sent', 'warning', 'airflow/not-sent'],
    ],
  );
  const [{ physicalLocation }] = results[1].locations;
  assert.deepEqual(physicalLocation, {
    artifactLocation: { uri: 'conf/base/wherry.yml' },
    region: { startLine: 5, startColumn: 3, endLine: 5, endColumn: 25 },
  });
});

test('check: the settings weigh findings, and a comment with a reason takes one away', async () => {
  const heavier = await check([], `${SETTINGS}severity: { airflow/not-sent: error, config/scalar-for-list: off }\n`);
  assert.equal(heavier.status, 1);
  assert.match(heavier.stdout, /1 error, 0 warnings, 0 notes\n$/);
  const after = SETTINGS.replace(
    'command: true',
    'command: true  # wherry: ignore airflow/not-sent only for wherry run',
  );
  assert.match((await check([], after)).stdout, /0 errors, 0 warnings, 1 note\n$/);
  const above = SETTINGS.replace('  enable', '  # wherry: ignore airflow/not-sent only for wherry run\n  enable');
  assert.match((await check([], above)).stdout, /0 errors, 0 warnings, 1 note\n$/);
  const bare = await check([], SETTINGS.replace('command: true', 'command: true  # wherry: ignore airflow/not-sent'));
  assert.match(bare.stdout, /note: to ignore it, say why after the code/);
  assert.match(bare.stdout, /1 warning/);
});

test('check: an error stays an error, and a code that is none is refused', async () => {
  const { status, stdout } = await check(
    [],
    `${SETTINGS}severity: { data/local-path-on-fargate: off, no/such: note }\n`,
  );
  assert.equal(status, 1);
  assert.match(stdout, /'off' is not possible: data\/local-path-on-fargate would break the run/);
  assert.match(stdout, /'no\/such' is no code that a finding has/);
  assert.match(stdout, /2 errors/);
});

test('check --explain: prints the section of the guide, and refuses what is no code', async () => {
  const { status, stdout } = await wherry(['check', '--explain', 'size/snapped']);
  assert.equal(status, 0);
  const guide = await readFile(join(root, 'docs', 'diagnostics.md'), 'utf8');
  assert.ok(guide.includes(stdout.trim()) && stdout.startsWith('size/snapped\n'));
  const refused = await wherry(['check', '--explain', 'size/snaped']);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /there is no code 'size\/snaped'\. Codes: .*size\/snapped/);
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  assert.equal(VERSION, version);
});
