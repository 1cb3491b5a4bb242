// One task, then so many at once that do nothing: what driving them costs `wherry run`, in CPU seconds and memory, and
// how many calls it makes. Containers that start nothing stand for the tasks. Usage: node bench/wide.mjs [tasks …]
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import { printTable } from './measure.mjs';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
const root = join(import.meta.dirname, '..');
const wherry = join(root, 'bin', 'wherry');
const widths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [500, 1000, 2000, 5000];
const scratch = mkdtempSync(join(tmpdir(), 'wherry-wide-'));

function makeProject(width) {
  const folder = join(scratch, String(width));
  mkdirSync(join(folder, 'conf', 'base'), { recursive: true });
  const nodes = Array.from(
    { length: width },
    (_, index) => `  - { name: n${index}, command: ['true'], after: [first] }`,
  );
  const head = ['name: wide', 'nodes:', "  - { name: first, command: ['true'] }"];
  writeFileSync(join(folder, 'pipeline.yml'), `${[...head, ...nodes].join('\n')}\n`);
  const engine = {
    type: 'aws-fargate',
    cluster: 'bench',
    subnets: ['subnet-0123456789abcdef0'],
    execution_role_arn: 'execution',
  };
  const settings = {
    execution_engine: engine,
    image: 'wide:1.0',
    grouping: 'node',
    resources: { __default__: { vcpu: 0.25, memory: 512 } },
  };
  writeFileSync(join(folder, 'conf', 'base', 'wherry.yml'), `${JSON.stringify(settings)}\n`);
  return folder;
}

async function startEmulator() {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'bench', 'no-op-emulator.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())));
  return { url, end: () => child.stdin.end() };
}

/** On a new emulator, so that nothing of an earlier run is in its way. */
async function measure(width) {
  const folder = makeProject(width);
  const { url, end } = await startEmulator();
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  await new ECSClient({ region: 'eu-central-1', endpoint: url, credentials }).send(
    new CreateClusterCommand({ clusterName: 'bench' }),
  );
  const log = join(scratch, `${width}.jsonl`);
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    WHERRY_CPU_LOG: log,
  };
  const start = performance.now();
  execFileSync(process.execPath, [wherry, 'run', '-C', folder], { env, stdio: ['ignore', 'ignore', 'inherit'] });
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
