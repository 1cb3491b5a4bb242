import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

const root = join(import.meta.dirname, '..');

interface Cruise {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly rule: { readonly name: string } }[];
  };
}

/** Runs the fence over the folder's src/ and emulator/ and returns what it found. */
async function cruise(folder: string): Promise<Cruise['summary']> {
  const words = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src', 'emulator'];
  const stdout = await new Promise<string>((resolve) => {
    execFile(join(root, 'node_modules', '.bin', 'depcruise'), words, { cwd: folder, maxBuffer: 1 << 26 }, (_, out) =>
      resolve(out),
    );
  });
  return (JSON.parse(stdout) as Cruise).summary;
}

/** Import against the grain, one for each rule. */
const VIOLATIONS: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'pure-folders-do-no-io': [
    'src/plan/planted.ts',
    "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n",
  ],
  'reads-are-recorded': [
    'src/config/planted.ts',
    "import { existsSync } from 'node:fs';\nexport const x = existsSync;\n",
  ],
  'nobody-imports-cli': [
    'src/engine/planted.ts',
    "import { COMMANDS } from '../cli/commands.ts';\nexport const x = COMMANDS;\n",
  ],
  'adapters-are-strangers': [
    'src/engine/local/planted.ts',
    "import type { FargateOptions } from '../aws-fargate/options.ts';\nexport type X = FargateOptions;\n",
  ],
  'emulator-stands-alone': [
    'emulator/planted.ts',
    "import { slug } from '../src/util/slug.ts';\nexport const x = slug;\n",
  ],
  'layer-model': ['src/model/planted.ts', "import { plan } from '../plan/plan.ts';\nexport const x = plan;\n"],
  'package-awssdk': [
    'src/cli/planted.ts',
    "import { ECSClient } from '@aws-sdk/client-ecs';\nexport const x = ECSClient;\n",
  ],
  'no-circles': ['src/util/planted.ts', "import type { Y } from './planted-too.ts';\nexport type X = Y;\n"],
  resolvable: ['src/util/planted-lost.ts', "export * from './nowhere.ts';\n"],
};

let copy = '';

before(async () => {
  copy = await mkdtemp(join(tmpdir(), 'wherry-fence-'));
  for (const name of ['src', 'emulator', '.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, text] of Object.values(VIOLATIONS)) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await writeFile(join(copy, file), text);
  }
  await writeFile(
    join(copy, 'src/util/planted-too.ts'),
    "import type { X } from './planted.ts';\nexport type Y = X;\n",
  );
});

after(() => rm(copy, { recursive: true, force: true }));

test('fence: it sees every module and finds nothing against the grain', async () => {
  const { totalCruised, violations } = await cruise(root);
  const files = await Promise.all(
    ['src', 'emulator'].map((folder) => readdir(join(root, folder), { recursive: true })),
  );
  const modules = files.flat().filter((name) => name.endsWith('.ts')).length;
  assert.ok(totalCruised >= modules, `${totalCruised} modules cruised of ${modules}`);
  assert.deepEqual(violations, []);
});

test('fence: each planted import against the grain is caught by its rule', async () => {
  const { violations } = await cruise(copy);
  const caught = new Set(violations.map(({ rule }) => rule.name));
  for (const name of Object.keys(VIOLATIONS)) assert.ok(caught.has(name), `${name} did not catch what was planted`);
});
