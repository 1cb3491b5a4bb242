import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startWherry } from '../support/cli.ts';
import { runPython } from '../support/compare.ts';
import { pythonEnv } from '../support/python-env.ts';

/** A real Airflow with a home of its own. */
export interface Airflow {
  probe(words: readonly string[], env?: Record<string, string>): Promise<unknown>;
  /** The text of `airflow …` and its exit status. */
  cli(words: readonly string[], env?: Record<string, string>): Promise<{ status: number; output: string }>;
  remove(): Promise<void>;
}

export async function startAirflow(version: string, dags: string): Promise<Airflow> {
  const requirements = join(import.meta.dirname, `requirements-airflow-${version}.txt`);
  const python = await pythonEnv(`airflow-${version}`, requirements);
  const home = await mkdtemp(join(tmpdir(), 'wherry-airflow-'));
  const own = {
    AIRFLOW_HOME: home,
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__UNIT_TEST_MODE: 'False',
    // No task may ask the outside who it is.
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
  };
  const cli: Airflow['cli'] = (words, env) =>
    runPython(join(dirname(python), 'airflow'), words, { env: { ...own, ...env } });
  const migrated = await cli(['db', 'migrate']);
  if (migrated.status !== 0) throw new Error(`airflow db migrate: ${migrated.output.slice(-2000)}`);
  return {
    cli,
    probe: async (words, env) => {
      const script = join(import.meta.dirname, 'airflow_probe.py');
      const { status, output } = await runPython(python, [script, ...words], { env: { ...own, ...env } });
      const json = output.split('\n').findLast((line) => line.startsWith('{"'));
      if (status !== 0 || json === undefined)
        throw new Error(`airflow_probe.py ended with ${status}: ${output.slice(-4000)}`);
      return JSON.parse(json);
    },
    remove: () => rm(home, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** `wherry emulate`, in the foreground as a user has it, and what it exports: it ends its output when it has said all. */
export async function startEmulate(project: string, images: readonly string[]) {
  const words = ['emulate', '-C', project, ...images.flatMap((image) => ['--image', image])];
  const { child, ended } = startWherry(words);
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    child.stdout?.once('end', resolve);
    void ended.then(({ stderr }) => reject(new Error(`wherry emulate ended: ${stderr}`)));
  });
  const env = Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  return {
    env,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}

export interface Recorder {
  readonly url: string;
  /** The bodies of all RunTask requests so far. */
  readonly runTasks: Record<string, unknown>[];
  close(): void;
}

/** Stands between a client and ECS, hands everything on, and keeps what RunTask was asked. */
export async function recordRunTasks(ecs: string): Promise<Recorder> {
  const runTasks: Record<string, unknown>[] = [];
  const { hostname, port } = new URL(ecs);
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      if (String(incoming.headers['x-amz-target']).endsWith('.RunTask')) runTasks.push(JSON.parse(body.toString()));
      const headers = { ...incoming.headers, host: `${hostname}:${port}` };
      const options = { hostname, port, path: incoming.url, method: incoming.method, headers };
      httpRequest(options, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}`,
    runTasks,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
