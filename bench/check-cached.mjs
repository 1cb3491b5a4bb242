// What `wherry check` and `plan` cost on a generated Kedro project of 1,000 nodes and 3,000 catalog entries: anew, after a
// change of the settings, and with nothing changed. CPU seconds of the process without the bridge's, medians of 5, in one
// run, beside `node -e 0`. The goals: anew under 2 s, with nothing changed under 0.3 s.
// Usage: node bench/check-cached.mjs [nodes] [entries]. Needs the example's Python environment.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePythonEnv } from '../scripts/python-env.mjs';
import { cpuOf, median, printTable } from './measure.mjs';

const root = join(import.meta.dirname, '..');
const example = join(root, 'examples', 'bike-hire');
const python = await ensurePythonEnv(join(example, '.venv'), join(example, 'requirements.txt'));
const [nodes = '1000', entries = '3000'] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
const project = join(scratch, 'project');
const make = join(root, 'bench', 'make-kedro-project.py');
execFileSync('python3', [make, project, '--nodes', nodes, '--entries', entries]);
const env = { ...process.env, DO_NOT_TRACK: '1', PYTHONDONTWRITEBYTECODE: '' };

function wherry(words) {
  const log = join(scratch, 'cpu.jsonl');
  rmSync(log, { force: true });
  const all = [join(root, 'bin', 'wherry'), ...words, '-C', project, '--python', python, '--format', 'json'];
  const options = { env: { ...env, WHERRY_CPU_LOG: log }, encoding: 'utf8', maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync(process.execPath, all, options);
  if (status > 1) throw new Error(stderr);
  return { cpu: JSON.parse(readFileSync(log, 'utf8')).cpuSeconds, stdout };
}

const after = (change, words) => {
  change();
  return wherry(words).cpu;
};
const nothing = () => {};
const forget = () => rmSync(join(project, '.wherry'), { recursive: true, force: true });
const changeSettings = () => appendFileSync(join(project, 'conf', 'fargate', 'wherry.yml'), '# changed\n');
const describe = (...words) => cpuOf(python, [join(root, 'bridge', 'describe.py'), ...words], { cwd: project, env });
const clean = ['check', '-e', 'fargate'];
const plan = ['plan', '-e', 'fargate'];
const faulty = ['check', '--engine', 'aws-fargate'];
const cases = {
  'node -e 0': () => cpuOf(process.execPath, ['-e', '0']),
  'bridge (describe.py)': () => describe(),
  'bridge that also says what it read': () => describe('--inputs'),
  'check, anew': () => after(forget, clean),
  'check, settings changed': () => after(changeSettings, clean),
  'check, nothing changed': () => after(nothing, clean),
  'check with errors, anew': () => after(forget, faulty),
  'check with errors, nothing changed': () => after(nothing, faulty),
  'plan, anew': () => after(forget, plan),
  'plan, nothing changed': () => after(nothing, plan),
};

const costs = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
describe();
for (let round = 0; round < 5; round++) for (const [name, cost] of Object.entries(cases)) costs[name].push(cost());
const base = median(costs['node -e 0']);
const errors = JSON.parse(wherry(faulty).stdout).summary.errors;
printTable(
  [`${nodes} nodes, ${entries} entries, ${errors} errors`, 'CPU seconds', 'times node -e 0'],
  Object.entries(costs).map(([name, list]) => [name, median(list).toFixed(3), (median(list) / base).toFixed(1)]),
);
rmSync(scratch, { recursive: true });
