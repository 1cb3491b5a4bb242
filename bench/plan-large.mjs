// What planning a generated Kedro project of 2,000 nodes costs beyond the bridge: CPU seconds, medians of 3, in one run.
// The goal is 1.5 s. Usage: node bench/plan-large.mjs [nodes]. Needs the example's Python environment.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePythonEnv } from '../scripts/python-env.mjs';
import { cpuOf, median, printTable } from './measure.mjs';

const root = join(import.meta.dirname, '..');
const example = join(root, 'examples', 'bike-hire');
const python = await ensurePythonEnv(join(example, '.venv'), join(example, 'requirements.txt'));
const nodes = process.argv[2] ?? '2000';
const scratch = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
const project = join(scratch, 'project');
execFileSync('python3', [join(root, 'bench', 'make-kedro-project.py'), project, '--nodes', nodes]);

const env = { ...process.env, DO_NOT_TRACK: '1', PYTHONDONTWRITEBYTECODE: '' };
const rows = [];
const describe = () => cpuOf(python, [join(root, 'bridge', 'describe.py')], { cwd: project, env });
describe();
const bridge = median([0, 1, 2].map(describe));
rows.push(['bridge (describe.py)', bridge.toFixed(2), '']);
for (const grouping of ['memory', 'node', 'namespace', 'pipeline']) {
  const costs = [0, 1, 2].map(() => {
    const log = join(scratch, 'cpu.jsonl');
    rmSync(log, { force: true });
    const words = [
      join(root, 'bin', 'wherry'),
      'plan',
      '-C',
      project,
      '--python',
      python,
      '--grouping',
      grouping,
      '--format',
      'json',
      '--no-cache',
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, {
      env: { ...env, WHERRY_CPU_LOG: log },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr);
    return { cpu: JSON.parse(readFileSync(log, 'utf8')).cpuSeconds, tasks: JSON.parse(stdout).tasks.length };
  });
  rows.push([
    `wherry plan --grouping ${grouping}, beyond the bridge`,
    median(costs.map(({ cpu }) => cpu)).toFixed(2),
    costs[0].tasks,
  ]);
}
printTable([`${nodes} nodes`, 'CPU seconds', 'tasks'], rows);
rmSync(scratch, { recursive: true });
