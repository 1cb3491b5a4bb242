import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wherry } from './support/cli.ts';

/** Of the issue: 2,000. Each costs the CPU of a Python. */
const COUNT = Number(process.env['WHERRY_WIDE_TASKS'] ?? 24);

interface Program {
  readonly name: string;
  readonly command: string;
  /** What its log must have, with what the step says of one that fails. */
  readonly lines: readonly string[];
  readonly fails?: boolean;
}

/** A line each. Some end at once, some a little later; some of those fail, and some are killed. */
function program(index: number): Program {
  const name = `n${index}`;
  const says = `echo "${name} was here"`;
  const lines = [`${name} was here`];
  switch (index % 8) {
    case 1:
      return {
        name,
        command: `${says} >&2; exit 3`,
        lines: [...lines, 'its command ended with exit status 3'],
        fails: true,
      };
    case 3:
      return {
        name,
        command: `${says}; kill -9 $$`,
        lines: [...lines, 'its command was killed by signal 9 (Killed)'],
        fails: true,
      };
    case 5:
      return { name, command: `sleep 0.2; ${says}`, lines };
    case 7:
      return { name, command: `printf "${name} was here"`, lines };
    default:
      return { name, command: says, lines };
  }
}

const OUTSIZE = 300_000;
/** What docker makes of them: the longest event of the awslogs driver has 262,118 bytes, and bytes that are no UTF-8 are replaced. */
const ODD: readonly Program[] = [
  {
    name: 'long',
    command: `head -c ${OUTSIZE} /dev/zero | tr '\\0' x; echo; echo after`,
    lines: ['x'.repeat(262_118), 'x'.repeat(OUTSIZE - 262_118), 'after'],
  },
  { name: 'bytes', command: "printf 'caf\\351\\ncaf\\303\\251\\n'", lines: ['caf\uFFFD', 'café'] },
  { name: 'many', command: 'seq 1 3000', lines: Array.from({ length: 3000 }, (_, index) => String(index + 1)) },
];

test(`logs: of ${COUNT} tasks that print a line and end or die at once are all that they printed, whole and by task`, async () => {
  const programs = [...Array.from({ length: COUNT }, (_, index) => program(index)), ...ODD];
  const folder = await mkdtemp(join(tmpdir(), 'wherry-logs-'));
  try {
    await mkdir(join(folder, 'conf', 'base'), { recursive: true });
    await writeFile(
      join(folder, 'conf', 'base', 'wherry.yml'),
      'grouping: node\nresources: {__default__: {vcpu: 0.25}}\n',
    );
    const nodes = programs.map(({ name, command }) => ({ name, command }));
    await writeFile(join(folder, 'pipeline.yml'), JSON.stringify({ name: 'lines', nodes }));
    const ran = await wherry(['run', '--emulate', '-C', folder]);
    assert.equal(ran.status, 1, ran.stderr);
    const [, runId = ''] = /^run (\S+): failed$/m.exec(ran.stdout) ?? [];
    const failed = programs.filter(({ fails }) => fails).length;
    assert.equal(ran.stdout.match(/^\S+ +1 +failed/gm)?.length, failed, ran.stdout);

    const { stdout } = await wherry(['logs', '-C', folder]);
    const expected = programs.flatMap(({ name, lines }) => lines.map((line) => `${name} | ${line}`));
    const told = stdout.trimEnd().split('\n');
    assert.deepEqual(told.toSorted(), expected.toSorted());
    for (const { name, lines } of [...ODD, ...programs.slice(1, 4)]) {
      const one = await wherry(['logs', '-C', folder, runId, name]);
      assert.equal(one.stdout, lines.map((line) => `${line}\n`).join(''), name);
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
});
