// What planning a generated pipeline.yml of 2,000 nodes with 8 keys each costs: CPU seconds, medians of 3, beside an
// empty command. The goal is 1.5 s. Usage: node bench/plan-pipeline-yml.mjs [nodes]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuOf, median, printTable } from './measure.mjs';

const wherry = join(import.meta.dirname, '..', 'bin', 'wherry');
const count = Number(process.argv[2] ?? 2000);
const scratch = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
const node = (index) => `  - name: node-${index}
    command: [python3, work.py, --part, "${index}"]
    inputs: [${index === 0 ? 'raw' : `d${Math.floor((index - 1) / 2)}`}]
    outputs: [d${index}]
    env: { PART: ${index} }
    tags: [group-${index % 20}]
    duration: 35s
    memory: 2Gi
`;
const nodes = Array.from({ length: count }, (_, index) => node(index)).join('');
writeFileSync(
  join(scratch, 'pipeline.yml'),
  `name: large\nnodes:\n${nodes}datasets:\n  raw: { path: s3://bucket/raw.csv }\n`,
);

const rows = [['node -e 0', median([0, 1, 2].map(() => cpuOf(process.execPath, ['-e', '0']))).toFixed(2)]];
for (const grouping of ['memory', 'node', 'pipeline']) {
  const words = [wherry, 'plan', '-C', scratch, '--grouping', grouping, '--format', 'json', '--no-cache'];
  const costs = [0, 1, 2].map(() => cpuOf(process.execPath, words));
  rows.push([`wherry plan --grouping ${grouping}`, median(costs).toFixed(2)]);
}
printTable([`pipeline.yml of ${count} nodes`, 'CPU seconds'], rows);
rmSync(scratch, { recursive: true });
