// A chain of tasks that do nothing: from the end of one to the RunTask of the next, as ECS sees both. `wherry run` beside
// a real Airflow 3 (scheduler, LocalExecutor, PostgreSQL) on the same emulator, in one go; medians. The goals are 0.3 s,
// and 20 times less than Airflow by default; status 1 where one is missed.
// Usage: node bench/hop.mjs [tasks of the chain] [tasks under Airflow, 0 for none]
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { ensurePythonEnv } from '../scripts/python-env.mjs';
import { median, printTable } from './measure.mjs';

// The SDK's advice on Node versions is for the developers of its users.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const root = join(import.meta.dirname, '..');
const wherry = join(root, 'bin', 'wherry');
const [length = 30, underAirflow = 8] = process.argv.slice(2).map(Number);
const GOAL_SECONDS = 0.3;
const GOAL_TIMES = 20;
const scratch = mkdtempSync(join(tmpdir(), 'wherry-hop-'));
const say = (line) => process.stderr.write(`${line}\n`);
const children = [];

function makeProject(name, count, airflow) {
  const folder = join(scratch, name);
  mkdirSync(join(folder, 'conf', 'base'), { recursive: true });
  const node = (index) =>
    `  - { name: ${name}-${index}, command: ['true'], ${index === 0 ? '' : `after: [${name}-${index - 1}], `}}`;
  writeFileSync(
    join(folder, 'pipeline.yml'),
    [`name: ${name}`, 'nodes:', ...Array.from({ length: count }, (_, index) => node(index))].join('\n'),
  );
  writeFileSync(
    join(folder, 'conf', 'base', 'wherry.yml'),
    `${JSON.stringify({
      execution_engine: {
        type: 'aws-fargate',
        cluster: 'bench',
        subnets: ['subnet-0123456789abcdef0'],
        execution_role_arn: 'execution',
        task_role_arn: 'task',
      },
      image: `${name}:1.0`,
      grouping: 'node',
      spill: 's3://bench/spill',
      resources: { __default__: { vcpu: 0.25, memory: 512 } },
      airflow,
    })}\n`,
  );
  return folder;
}

/** A server that lives until the end of this program. */
function start(command, words, options) {
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'ignore'], ...options });
  children.push(child);
  return child;
}

async function startEmulator(stateDir, images) {
  const words = ['emulate', '--state-dir', stateDir, ...images.flatMap((image) => ['--image', image])];
  const child = start(process.execPath, [wherry, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

/** PostgreSQL refuses to run as root, and so runs as its own user there. */
async function startPostgres() {
  const versions = '/usr/lib/postgresql';
  const [version] = existsSync(versions) ? readdirSync(versions).sort().reverse() : [];
  if (version === undefined) throw new Error('this bench needs PostgreSQL: apt-get install postgresql');
  const bin = join(versions, version, 'bin');
  const folder = join(scratch, 'postgres');
  mkdirSync(folder);
  const isRoot = process.getuid() === 0;
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const user = isRoot ? { uid: id('-u'), gid: id('-g') } : {};
  if (isRoot) {
    chownSync(folder, user.uid, user.gid);
    execFileSync('chmod', ['755', scratch]);
  }
  execFileSync(join(bin, 'initdb'), ['-D', folder, '-A', 'trust', '-U', 'airflow'], {
    ...user,
    cwd: '/',
    stdio: 'ignore',
  });
  start(join(bin, 'postgres'), ['-D', folder, '-k', folder, '-h', ''], { ...user, cwd: '/' });
  while (!existsSync(join(folder, '.s.PGSQL.5432'))) await sleep(100);
  execFileSync(join(bin, 'createdb'), ['-h', folder, '-U', 'airflow', 'airflow'], { stdio: 'ignore' });
  return `postgresql+psycopg2://airflow@/airflow?host=${folder}`;
}

async function startAirflow(dags, env) {
  const python = await ensurePythonEnv(
    join(root, '.venv', 'bench-airflow'),
    join(root, 'bench', 'requirements-hop.txt'),
    say,
  );
  const port = 20_000 + (process.pid % 20_000);
  const secret = 'only-for-this-bench-only-for-this-bench-only-for-this-bench-only';
  const own = {
    ...process.env,
    ...env,
    AIRFLOW_HOME: join(scratch, 'airflow'),
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__EXECUTOR: 'LocalExecutor',
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${port}/execution/`,
    AIRFLOW__API_AUTH__JWT_SECRET: secret,
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: await startPostgres(),
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
  };
  const program = join(dirname(python), 'airflow');
  const airflow = (...words) =>
    execFileSync(program, words, { env: own, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  airflow('db', 'migrate');
  for (const words of [
    ['api-server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ['scheduler'],
    ['dag-processor'],
  ])
    start(program, words, { env: own });
  return airflow;
}

async function tasksOf(ecs, count, isOurs) {
  for (;;) {
    const arns = [];
    for (const desiredStatus of ['RUNNING', 'STOPPED']) {
      for (let nextToken; ; ) {
        const page = await ecs.send(new ListTasksCommand({ cluster: 'bench', desiredStatus, nextToken }));
        arns.push(...page.taskArns);
        nextToken = page.nextToken;
        if (nextToken === undefined) break;
      }
    }
    const batches = Array.from({ length: Math.ceil(arns.length / 100) }, (_, index) =>
      arns.slice(index * 100, index * 100 + 100),
    );
    const answers = await Promise.all(
      batches.map((tasks) => ecs.send(new DescribeTasksCommand({ cluster: 'bench', tasks }))),
    );
    const tasks = answers.flatMap((answer) => answer.tasks).filter(isOurs);
    if (tasks.length >= count && tasks.every(({ lastStatus }) => lastStatus === 'STOPPED')) return tasks;
    await sleep(1000);
  }
}

/** Seconds from each task's end to the next one's start. */
function hops(tasks) {
  const sorted = tasks.toSorted((a, b) => a.createdAt - b.createdAt);
  return sorted.slice(1).map(({ createdAt }, index) => (createdAt - sorted[index].stoppedAt) / 1000);
}

async function measure() {
  const tuned = { default_args: { waiter_delay: 1 } };
  const projects = [
    makeProject('chain', length, {}),
    makeProject('defaults', underAirflow, {}),
    makeProject('tuned', underAirflow, tuned),
  ];
  const [chain, ...compiled] = projects;
  const images = ['chain', 'defaults', 'tuned'].map((name, index) => `${name}:1.0=${projects[index]}`);
  const env = await startEmulator(join(chain, '.wherry', 'emulator'), images);
  const ecs = new ECSClient({
    region: 'eu-central-1',
    endpoint: env.AWS_ENDPOINT_URL_ECS,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const call = (...words) =>
    execFileSync(process.execPath, [wherry, ...words], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
  const group = (name) => (task) => task.group === `family:wherry-${name}`;
  const rows = [];
  const add = (name, found) => rows.push({ name, hop: median(found), tasks: found.length + 1 });

  call('run', '-C', chain, '--emulate');
  add('wherry run', hops(await tasksOf(ecs, length, group('chain'))));
  if (underAirflow === 0) return rows;
  const dags = join(scratch, 'dags');
  for (const folder of compiled) call('compile', '-C', folder, '--publish', '-o', dags);
  const airflow = await startAirflow(dags, env);
  for (const name of ['defaults', 'tuned']) {
    airflow('dags', 'reserialize');
    airflow('dags', 'unpause', name);
    airflow('dags', 'trigger', name);
    add(
      name === 'tuned' ? 'Airflow, waiter_delay 1' : 'Airflow by default',
      hops(await tasksOf(ecs, underAirflow, group(name))),
    );
  }
  return rows;
}

function tellGoal(name, isMet) {
  process.stdout.write(`goal: ${name}: ${isMet ? 'met' : 'missed'}\n`);
  if (!isMet) process.exitCode = 1;
}

try {
  const rows = await measure();
  const [own, byDefault] = rows;
  printTable(
    ['end of a task → next RunTask', 'tasks', 'median seconds', 'times wherry run'],
    rows.map(({ name, hop, tasks }) => [name, tasks, hop.toFixed(2), (hop / own.hop).toFixed(1)]),
  );
  tellGoal(`at most ${GOAL_SECONDS} s`, own.hop <= GOAL_SECONDS);
  if (byDefault !== undefined)
    tellGoal(`${GOAL_TIMES} times less than Airflow by default`, byDefault.hop >= GOAL_TIMES * own.hop);
} finally {
  for (const child of children.reverse()) {
    child.kill('SIGINT');
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
}
