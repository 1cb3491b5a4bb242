import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { pythonEnv } from '../support/python-env.ts';
import { type Asked, CASES, type Case } from './cases.ts';
import { fakeSts } from './fake-sts.ts';

interface Answer {
  readonly region?: string;
  readonly endpoints?: Record<string, string | null>;
  readonly signedBy?: string;
  readonly error?: string;
  readonly kind?: string;
  readonly detail?: string;
}

const root = join(import.meta.dirname, '..', '..');
const answers = new Map<string, { readonly theirs: Answer; readonly ours: Answer }>();
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-aws-cli-'));
  await using sts = await fakeSts();
  const asked = await Promise.all(CASES.map((item, index) => makeHome(item, join(folder, String(index)), sts.url)));
  const python = await pythonEnv('s3', join(root, 'emulator', 's3', 'requirements.txt'));
  const [theirs, ours] = await Promise.all([
    ask(python, [join(import.meta.dirname, 'as_botocore.py')], asked),
    ask(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'as-wherry.ts')], asked),
  ]);
  for (const [index, { name }] of CASES.entries())
    answers.set(name, { theirs: theirs[index] ?? {}, ours: ours[index] ?? {} });
});

after(() => rm(folder, { recursive: true, force: true }));

async function makeHome({ env, flags, ...files }: Case, home: string, sts: string): Promise<Asked> {
  const fill = (value: string) => value.replaceAll('{home}', home).replaceAll('{sts}', sts);
  const all = { '.aws/config': files.config ?? '', '.aws/credentials': files.credentials ?? '', ...files.files };
  for (const [name, content] of Object.entries(all)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), fill(content));
  }
  const own = Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, fill(value)]));
  // Neither may look for credentials of this machine.
  return { env: { HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...own }, flags: flags ?? {}, sts };
}

async function ask(program: string, words: readonly string[], asked: readonly Asked[]): Promise<Answer[]> {
  const child = spawn(program, words, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(asked));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (out === '') throw new Error(err);
  return JSON.parse(out) as Answer[];
}

for (const { name, ours: expected } of CASES) {
  test(`AWS account: as botocore finds it, with ${name}`, () => {
    const { theirs, ours } = answers.get(name) ?? { theirs: {}, ours: {} };
    if (theirs.error !== undefined) {
      assert.notEqual(ours.error, undefined, `botocore says ${theirs.error}, and Wherry ${JSON.stringify(ours)}`);
      return;
    }
    assert.deepEqual(ours, { ...theirs, ...expected });
  });
}

test('AWS account: what is wrong is said in one sentence that names it', () => {
  const errorOf = (name: string) => answers.get(name)?.ours;
  assert.match(errorOf('a profile that is not there')?.error ?? '', /no AWS profile 'teem' in .*Profiles: team$/);
  assert.match(errorOf('a profile that is not there, and no files')?.error ?? '', /'team' in .*where there are none$/);
  for (const name of ['keys that AWS does not know', 'keys that have expired'])
    assert.equal(errorOf(name)?.kind, 'credentials', name);
});
