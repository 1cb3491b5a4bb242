// What `wherry --help` costs beside `node -e 0`: CPU seconds, medians of 9, measured side by side. The goal is 1.3 times.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cpuOf, median, printTable } from './measure.mjs';

const wherry = join(import.meta.dirname, '..', 'bin', 'wherry');
const commands = {
  'node -e 0': ['-e', '0'],
  'wherry --help': [wherry, '--help'],
  'wherry run --help': [wherry, 'run', '--help'],
};
const costs = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));

for (const words of Object.values(commands)) spawnSync(process.execPath, words);
for (let round = 0; round < 9; round++) {
  for (const [name, words] of Object.entries(commands)) costs[name].push(cpuOf(process.execPath, words));
}
const base = median(costs['node -e 0']);
printTable(
  ['command', 'CPU seconds', 'times node -e 0'],
  Object.entries(costs).map(([name, list]) => [name, median(list).toFixed(3), (median(list) / base).toFixed(2)]),
);
