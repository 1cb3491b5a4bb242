// One task, then so many at once that do nothing: what driving them costs `wherry run`, in CPU seconds and memory, and
// how many calls it makes. Containers that start nothing stand for the tasks. Usage: node bench/wide.mjs [tasks …]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable } from './measure.mjs';
import { makeWideProject, startNoOpEmulator } from './wide-project.mjs';

const wherry = join(import.meta.dirname, '..', 'bin', 'wherry');
const widths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [500, 1000, 2000, 5000];
const scratch = mkdtempSync(join(tmpdir(), 'wherry-wide-'));

/** On a new emulator, so that nothing of an earlier run is in its way. */
async function measure(width) {
  const folder = makeWideProject(join(scratch, String(width)), width);
  const { url, env, end } = await startNoOpEmulator();
  const log = join(scratch, `${width}.jsonl`);
  const start = performance.now();
  const told = join(scratch, `${width}.txt`);
  const { status } = spawnSync(process.execPath, [wherry, 'run', '-C', folder], {
    env: { ...process.env, ...env, WHERRY_CPU_LOG: log },
    stdio: ['ignore', 'ignore', openSync(told, 'w')],
  });
  if (status !== 0)
    throw new Error(
      `wherry run ended with ${status}:\n${readFileSync(told, 'utf8').split('\n').slice(-12).join('\n')}`,
    );
  const seconds = (performance.now() - start) / 1000;
  const { cpuSeconds, peakMiB } = JSON.parse(readFileSync(log, 'utf8'));
  const { total: calls, operations } = await (await fetch(`${url}/_emulator/calls`)).json();
  process.stderr.write(`${width}: ${JSON.stringify(operations)}\n`);
  end();
  return { width, seconds, cpuSeconds, peakMiB, calls };
}

try {
  const rows = [];
  for (const width of widths) rows.push(await measure(width));
  const [{ width, cpuSeconds }] = rows;
  printTable(
    ['tasks', 'seconds', 'CPU seconds', 'CPU a task, of the first', 'peak MiB', 'calls a task'],
    rows.map((row) => [
      row.width,
      row.seconds.toFixed(0),
      row.cpuSeconds.toFixed(1),
      (row.cpuSeconds / row.width / (cpuSeconds / width)).toFixed(2),
      row.peakMiB.toFixed(0),
      (row.calls / row.width).toFixed(2),
    ]),
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
