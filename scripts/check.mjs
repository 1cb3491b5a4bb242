// types, lint and format, fence, tests; ends with `N passed, N failed, N skipped`, counted from what really ran.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './install.mjs';
import { ensurePythonEnv } from './python-env.mjs';

const counts = { passed: 0, failed: 0, skipped: 0 };
const skips = [];

const only = process.argv.slice(2);

function step(name, command, words) {
  process.stdout.write(`== ${name}\n`);
  const { status } = spawnSync(command, words, { cwd: root, stdio: 'inherit' });
  counts[status === 0 ? 'passed' : 'failed']++;
}

function testFiles() {
  const below = (folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name));
  const files = ['src', 'emulator', 'test', 'bench'].flatMap(below).filter((path) => path.endsWith('.test.ts'));
  return files.filter((path) => only.length === 0 || only.some((word) => path.includes(word))).sort();
}

function nodeTests() {
  process.stdout.write('== tests\n');
  const folder = mkdtempSync(join(tmpdir(), 'wherry-check-'));
  const record = join(folder, 'tests.jsonl');
  const reporters = [
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/failure-reporter.mjs',
    '--test-reporter-destination=stderr',
    '--test-reporter=./scripts/count-reporter.mjs',
    `--test-reporter-destination=${record}`,
  ];
  const { status } = spawnSync(
    'node',
    ['--import', 'tsx', '--test', '--test-concurrency=2', ...reporters, ...testFiles()],
    { cwd: root, stdio: 'inherit' },
  );
  const lines = readFileSync(record, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  rmSync(folder, { recursive: true });
  for (const { outcome, name, reason } of lines) {
    counts[outcome]++;
    if (outcome === 'skipped') skips.push(`${name}: ${reason ?? 'no reason given'}`);
  }
  if (status !== 0 && !lines.some(({ outcome }) => outcome === 'failed')) counts.failed++;
}

/** The bridge's own tests, on each Kedro that it must work with. */
async function bridgeTests() {
  const files = readdirSync(join(root, 'bridge', 'tests'))
    .filter((name) => /^requirements-kedro.*[.]txt$/.test(name))
    .sort();
  const say = (line) => process.stdout.write(`${line}\n`);
  const moto = await ensurePythonEnv(join(root, '.venv', 's3'), join(root, 'emulator', 's3', 'requirements.txt'), say);
  for (const file of files) {
    const name = file.replace(/^requirements-|[.]txt$/g, '');
    process.stdout.write(`== bridge on ${name}\n`);
    const python = await ensurePythonEnv(join(root, '.venv', name), join(root, 'bridge', 'tests', file), say);
    const { stdout, stderr, status } = spawnSync(python, ['-m', 'unittest', 'discover', '-s', 'bridge/tests'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, DO_NOT_TRACK: '1', WHERRY_MOTO_PYTHON: moto },
    });
    countUnittest(stderr, status, name);
    if (status !== 0) process.stdout.write(`${stdout}${stderr}`);
  }
}

function countUnittest(text, status, name) {
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  const ran = number(/^Ran (\d+) tests?/m);
  const failed = number(/failures=(\d+)/) + number(/errors=(\d+)/);
  const skipped = number(/skipped=(\d+)/);
  counts.passed += ran - failed - skipped;
  counts.failed += failed + (status !== 0 && failed === 0 ? 1 : 0);
  counts.skipped += skipped;
  if (skipped > 0) skips.push(`bridge on ${name}: ${skipped} tests`);
  process.stdout.write(`${ran} tests, ${failed} failed, ${skipped} skipped\n`);
}

if (only.length === 0) {
  step('types', 'npx', ['tsc', '--noEmit']);
  step('lint and format', 'npx', ['biome', 'check', '.']);
  step('fence', 'npx', ['depcruise', '--config', '.dependency-cruiser.mjs', 'src', 'emulator', 'test']);
  await bridgeTests();
}
nodeTests();
if (skips.length > 0) process.stdout.write(`\nskipped:\n${skips.map((line) => `  ${line}`).join('\n')}\n`);
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;
