import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { type ContainerEnd, type ContainerSpec, type Driver, PullFailed, StartFailed } from './driver.ts';

interface Bench {
  readonly driver: Driver;
  /** An image with a shell and the usual programs. */
  readonly image: string;
}

/** A container that has ended, and what it wrote. */
type Ran = ContainerEnd & { readonly lines: readonly string[] };

/** What every driver must do, whatever runs its containers. */
export function describeDriver(name: string, bench: () => Promise<Bench>, skip: string | false = false): void {
  const test = (title: string, body: (bench: Bench) => Promise<void>) =>
    it(`driver ${name}: ${title}`, { skip }, async () => body(await bench()));

  test('hands on every line and the exit code', async (bench) => {
    const { lines, exitCode, isOutOfMemory } = await ran(
      bench,
      'for i in 1 2 3; do echo $i; done; echo bad >&2; exit 3',
    );
    assert.deepEqual([...lines].sort(), ['1', '2', '3', 'bad']);
    assert.deepEqual([exitCode, isOutOfMemory], [3, false]);
  });

  test('runs the entry point with the command behind it, in the environment that it is told', async (bench) => {
    const { lines } = await ran(bench, 'echo "$A|$PATH|$0 $1|${SECRET_OF_THE_CALLER-none}"', {
      entryPoint: ['/bin/sh', '-c'],
      more: ['zero', 'one'],
      environment: { A: 'b "c"', PATH: '/bin:/usr/bin' },
    });
    assert.deepEqual(lines, ['b "c"|/bin:/usr/bin|zero one|none']);
  });

  test('kills what has more memory than its limit, and says that it was for this', async (bench) => {
    const { exitCode, isOutOfMemory, lines } = await ran(bench, 'echo before; tail /dev/zero', { memoryMiB: 64 });
    assert.deepEqual([exitCode, isOutOfMemory, lines[0]], [137, true, 'before']);
    assert.ok(!existsSync('oom'), 'nothing is left in the folder where the emulator runs');
  });

  test('tells a process that killed itself from one that had too much memory', async (bench) => {
    const { exitCode, isOutOfMemory } = await ran(bench, "sh -c 'kill -9 $$'; exit $?", { memoryMiB: 64 });
    assert.deepEqual([exitCode, isOutOfMemory], [137, false]);
  });

  test('a stop is SIGTERM, which the container may answer', async (bench) => {
    const asked = await stopped(bench, 'trap "echo bye; exit 7" TERM; echo up; while :; do sleep 0.05; done');
    assert.equal(asked.exitCode, 7);
    // A shell may also tell that its `sleep` was ended.
    assert.ok(asked.lines.includes('bye'), asked.lines.join());
  });

  test('a stop is SIGKILL after the time to stop, which is not a lack of memory', async (bench) => {
    const killed = await stopped(bench, 'trap "" TERM; echo up; while :; do sleep 0.05; done');
    assert.deepEqual([killed.exitCode, killed.isOutOfMemory], [137, false]);
  });

  test('a kill is SIGKILL at once, of which no container hears', async (bench) => {
    const trap = 'trap "echo bye" TERM; echo up; while :; do sleep 0.05; done';
    const { container, running, lines } = await up(bench, trap);
    running.kill();
    assert.equal((await running.ended).exitCode, 137);
    assert.ok(!lines.includes('bye'), lines.join());
    await container.remove();
  });

  test('runs a command beside the first process, and not for ever', async (bench) => {
    const container = await bench.driver.create(spec(bench, 'echo up; sleep 30', {}, () => undefined));
    const running = await container.start();
    assert.equal(await running.execute(['sh', '-c', 'test "$A" = b'], 5000), 0);
    assert.equal(await running.execute(['sh', '-c', 'exit 4'], 5000), 4);
    assert.notEqual(await running.execute(['sleep', '30'], 100), 0);
    running.stop(0);
    await running.ended;
    await container.remove();
  });

  test('an image that is not there is PullFailed, a program that is not there StartFailed', async (bench) => {
    await assert.rejects(bench.driver.create(spec({ ...bench, image: 'localhost/none:1' }, '', {})), PullFailed);
    const container = await bench.driver.create(spec(bench, '', { entryPoint: ['/no/such/program'] }));
    await assert.rejects(container.start(), StartFailed);
    await container.remove();
  });

  test('sweeps what an emulator that died left behind', async (bench) => {
    const { container, running, lines } = await up(bench, 'echo up; sleep 30');
    await bench.driver.sweep([{ somebody: 'else' }, JSON.parse(JSON.stringify(container.leftover()))]);
    await running.ended;
    assert.deepEqual(lines, ['up']);
  });
}

interface Wanted {
  readonly entryPoint?: readonly string[];
  readonly more?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly memoryMiB?: number;
}

function spec(
  { image }: Bench,
  script: string,
  wanted: Wanted,
  onLine: ContainerSpec['onLine'] = () => undefined,
): ContainerSpec {
  const { entryPoint = ['sh', '-c'], more = [], environment = { A: 'b' }, memoryMiB = 512 } = wanted;
  const command = [script, ...more];
  return {
    name: 'main',
    image,
    entryPoint,
    command,
    environment,
    memoryMiB,
    cpuUnits: 256,
    stopTimeoutMs: 300,
    onLine,
  };
}

async function ran(bench: Bench, script: string, wanted: Wanted = {}): Promise<Ran> {
  const lines: string[] = [];
  const container = await bench.driver.create(spec(bench, script, wanted, (line) => void lines.push(line)));
  const end = await (await container.start()).ended;
  await container.remove();
  return { ...end, lines };
}

/** Starts it and waits for its first line. */
async function up(bench: Bench, script: string) {
  const lines: string[] = [];
  let hasSpoken: () => void = () => undefined;
  const spoken = new Promise<void>((resolve) => {
    hasSpoken = resolve;
  });
  const onLine = (line: string) => {
    lines.push(line);
    hasSpoken();
    return undefined;
  };
  const container = await bench.driver.create(spec(bench, script, {}, onLine));
  const running = await container.start();
  await spoken;
  return { container, running, lines };
}

async function stopped(bench: Bench, script: string): Promise<Ran> {
  const { container, running, lines } = await up(bench, script);
  running.stop();
  const end = await running.ended;
  await container.remove();
  return { ...end, lines };
}
