import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import picocolors from 'picocolors';
import { type Answer, answer } from '../src/cli/answer.ts';
import { realHost } from '../src/cli/host.ts';
import type { PrepareOptions } from '../src/cli/prepare.ts';
import { renderPretty } from '../src/diagnostics/render/pretty.ts';
import { describeProject } from '../src/load/kedro/describe.ts';
import { fileAnswerCache } from '../src/store/file-answer-cache.ts';
import { examplePython, root as packageRoot, wherry } from './support/cli.ts';

const FILES = {
  'pyproject.toml': '[tool.kedro]\npackage_name = "shop"\nproject_name = "Shop"\nkedro_init_version = "1.7.0"\n',
  'requirements.txt': 'kedro\n',
  'assets/names.txt': 'north south\n',
  'conf/base/catalog.yml': 'raw:\n  type: json.JSONDataset\n  filepath: ${oc.env:BUCKET,data}/raw.json\n',
  'conf/base/notes.parquet': 'read by code that is not in Python',
  'conf/base/wherry.yml': 'grouping: node\n',
  'conf/local/.gitkeep': '',
  'src/shop/__init__.py': '',
  'src/shop/settings.py': `
import os
from pathlib import Path

from omegaconf.resolvers import oc

CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local", "custom_resolvers": {"oc.env": oc.env}}
ROOT = Path(__file__).parents[2]
with open(ROOT / "starts.log", "a") as log:
    log.write("started\\n")
NAMES = (ROOT / "assets" / "names.txt").read_text()
PARTS = sorted(os.listdir(ROOT / "assets"))
COUNTRY = os.environ.get("COUNTRY", "nowhere")
OVERRIDES = (ROOT / ".env").exists()
SCRATCH = ROOT / "scratch.txt"
SCRATCH.write_text("made and read while importing")
SCRATCH.read_text()
SCRATCH.unlink()
`,
  'src/shop/nodes.py': 'def keep(data):\n    return data\n',
  'src/shop/unused.json': '{}',
  'src/shop/pipelines/__init__.py': '',
  'src/shop/pipelines/daily/__init__.py': `
from kedro.pipeline import Pipeline, node

from ...nodes import keep


def create_pipeline():
    return Pipeline([node(keep, "raw", "kept", name="keep")])
`,
  'src/shop/pipeline_registry.py': `
from kedro.framework.project import find_pipelines


def register_pipelines():
    pipelines = find_pipelines(raise_errors=True)
    return {**pipelines, "__default__": sum(pipelines.values())}
`,
};

const SECRET = 'hunter2hunter2';
const VARIABLES = { PATH: process.env['PATH'], DO_NOT_TRACK: '1', DB_PASSWORD: SECRET, COUNTRY: SECRET };

let scratch = '';
let root = '';
let python = '';
let installed = '';

/** An environment of its own, in which something can be installed, with the example's packages in sight. */
before(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), 'wherry-cache-')));
  root = join(scratch, 'project');
  await writeAll(FILES);
  execFileSync(await examplePython(), ['-m', 'venv', '--without-pip', '--copies', join(scratch, 'venv')]);
  python = join(scratch, 'venv', 'bin', 'python');
  const ask = (from: string) =>
    execFileSync(from, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], { encoding: 'utf8' }).trim();
  installed = ask(python);
  await writeFile(join(installed, 'example.pth'), ask(await examplePython()));
  await mkdir(join(installed, 'shared-1.0.dist-info'));
  await utimes(python, 1_700_000_000, 1_700_000_000);
});
after(() => rm(scratch, { recursive: true, force: true }));

async function writeAll(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

interface Asked {
  readonly variables?: Record<string, string | undefined>;
  readonly program?: string;
  readonly env?: string;
  /** Variables that the settings name. */
  readonly named?: readonly string[];
  /** Without it Python would have nothing to run, so that only what is kept can give the answer. */
  readonly script?: string;
}

function describe({ variables = VARIABLES, program = '1', env, named = [], script = '/no/script' }: Asked = {}) {
  const cache = fileAnswerCache({ folder: join(root, '.wherry', 'cache'), program, variables });
  return describeProject({
    root,
    python,
    script,
    env,
    pipeline: undefined,
    confSource: undefined,
    variables,
    cache,
    namedVariables: () => named,
  });
}

const isKept = async (asked?: Asked) => (await describe(asked)).ok;
const start = (asked?: Asked) => describe({ ...asked, script: join(packageRoot, 'bridge', 'describe.py') });

async function starts(): Promise<number> {
  const log = await readFile(join(root, 'starts.log'), 'utf8').catch(() => '');
  return log.split('\n').length - 1;
}

/** Does something to a file for as long as it takes to see that the description no longer counts. */
async function whileTouched(name: string, touch: (path: string) => Promise<unknown>): Promise<boolean> {
  const path = name.startsWith('/') ? name : join(root, name);
  const before = await readFile(path).catch(() => undefined);
  await touch(path);
  const kept = await isKept();
  await (before === undefined ? rm(path, { recursive: true }) : writeFile(path, before));
  assert.ok(await isKept(), `undoing the change of ${name} brings the description back`);
  return kept;
}

const write = (text: string) => (path: string) => writeFile(path, text);

test('cache: a project that is as it was is described without Python, by any kind of touch it is described anew', async () => {
  const first = await start();
  assert.ok(
    first.ok && first.description.problems.length === 0 && first.description.nodes['keep'],
    JSON.stringify(first),
  );
  assert.deepEqual(await describe(), first);
  assert.equal(await starts(), 1);

  for (const name of [
    'conf/base/catalog.yml',
    'conf/base/notes.parquet',
    'src/shop/nodes.py',
    'src/shop/unused.json',
    'src/shop/pipelines/daily/__init__.py',
    'pyproject.toml',
    'requirements.txt',
    'assets/names.txt',
  ]) {
    const longer = (path: string) => appendFile(path, '\n');
    assert.equal(await whileTouched(name, longer), false, `${name} counts`);
    const gone = async (path: string) => rm(path);
    assert.equal(await whileTouched(name, gone), false, `that ${name} is there counts`);
  }
  assert.equal(await whileTouched('src/shop/pipelines/weekly', (path) => mkdir(path)), false, 'a new pipeline counts');
  assert.equal(await whileTouched('conf/local/catalog.yml', write('')), false, 'a new conf file counts');
  assert.equal(
    await whileTouched('assets/more.txt', write('')),
    false,
    'a new file in a folder that was listed counts',
  );
  assert.equal(await whileTouched('.env', write('')), false, 'a file that was looked for counts when it comes');
  assert.equal(await whileTouched('conf/base/wherry.yml', write('grouping: tag\n')), true, 'Kedro reads no wherry.yml');
  assert.equal(await whileTouched('dags', (path) => mkdir(path)), true, 'what was not looked at does not count');
});

test('cache: a variable counts that was read, that conf names, or that is Kedro’s, and no other', async () => {
  const kept = (changed: Record<string, string | undefined>) => isKept({ variables: { ...VARIABLES, ...changed } });
  assert.ok(await kept({}));
  assert.ok(await kept({ UNRELATED: 'x', PWD: '/elsewhere' }));
  assert.equal(await kept({ COUNTRY: 'NL' }), false);
  assert.equal(await kept({ COUNTRY: undefined }), false);
  assert.equal(await kept({ BUCKET: 's3://b' }), false, 'oc.env with a default');
  assert.equal(await kept({ KEDRO_ENV: 'local' }), false);
  assert.equal(await kept({ KEDRO_CONFIG_COMMIT_ID: 'abc' }), false);
  assert.equal(await kept({ PYTHONPATH: '/tmp' }), false);
  assert.equal(await kept({ FSSPEC_FILE: '{}' }), false, 'file systems look for all that begin so');
  assert.equal(await kept({ DYNACONF_X: '1' }), false, 'Kedro’s settings do');

  const named = ['UNRELATED'];
  assert.equal(await isKept({ named }), false, 'what settings name now was not looked at then');
  assert.ok((await start({ named })).ok && (await isKept({ named })));
  assert.equal(await isKept({ named, variables: { ...VARIABLES, UNRELATED: 'x' } }), false);
});

test('cache: interpreter, installed distributions, the question and the version of Wherry count', async () => {
  assert.ok(await isKept());
  assert.equal(await isKept({ env: 'base' }), false);
  assert.equal(await isKept({ program: '2' }), false);
  assert.equal(await whileTouched(join(installed, 'new-2.0.dist-info'), (path) => mkdir(path)), false, 'installed');
  assert.equal(await whileTouched(join(installed, 'example.pth'), (path) => appendFile(path, '\n')), false, 'editable');
  const shared = join(installed, 'shared-1.0.dist-info');
  await rename(shared, join(installed, 'shared-1.1.dist-info'));
  assert.equal(await isKept(), false, 'another version');
  await rename(join(installed, 'shared-1.1.dist-info'), shared);
  assert.ok(await isKept());
  await utimes(shared, 1, 1);
  assert.equal(await isKept(), false, 'the same version installed again');
  assert.ok((await start()).ok && (await isKept()));
  await utimes(python, 1, 1);
  assert.equal(await isKept(), false, 'another interpreter');
  assert.ok((await start()).ok && (await isKept()));
});

test('cache: a file that is damaged or empty is as good as none, and no value of a variable is in it', async () => {
  assert.ok(await isKept());
  const folder = join(root, '.wherry', 'cache');
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.txt')).map((name) => join(folder, name));
  assert.ok(file);
  const text = await readFile(file, 'utf8');
  assert.ok(text.includes('COUNTRY') && !text.includes(SECRET));
  assert.equal(await readFile(join(folder, '.gitignore'), 'utf8'), '*\n');
  for (const damaged of ['', '{}', text.slice(0, -5), text.replace('keep', 'kept'), `x${text}`]) {
    await writeFile(file, damaged);
    assert.equal(await isKept(), false, damaged.slice(0, 20));
  }
  await writeFile(file, text);
  assert.ok(await isKept());
  const nowhere = fileAnswerCache({ folder: join(file, 'below'), program: '1', variables: {} });
  await nowhere.keep({}, 'answer', { paths: {}, variables: [] });
  assert.equal(nowhere.find({}), undefined, 'a folder that cannot be written to is no trouble');
});

test('cache: what went wrong, and what comes from a process or the network, is not kept', async () => {
  const settings = FILES['src/shop/settings.py'];
  const beyond = [
    'import subprocess; subprocess.run(["true"])',
    'import socket\ntry:\n    socket.create_connection(("127.0.0.1", 9), 0.1)\nexcept OSError:\n    pass',
    'raise RuntimeError("not now")',
  ];
  for (const code of beyond) {
    await writeAll({ 'src/shop/settings.py': `${settings}\n${code}\n` });
    assert.ok((await start()).ok);
    assert.equal(await isKept(), false, code);
  }
  await writeAll({ 'src/shop/settings.py': `${settings}\nALL = dict(os.environ)\n` });
  assert.ok((await start()).ok && (await isKept()));
  assert.equal(await isKept({ variables: { ...VARIABLES, UNRELATED: 'x' } }), false, 'whoever reads all of them');
  await writeAll({ 'src/shop/settings.py': settings });
});

test('cache: wherry snapshot starts Python once, and again with --no-cache', async () => {
  const words = ['snapshot', '-C', root, '--python', python];
  const before = await starts();
  const [first, second] = [await wherry(words), await wherry(words)];
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(second, first);
  assert.equal(await starts(), before + 1);
  assert.deepEqual(await wherry([...words, '--no-cache']), first);
  assert.equal(await starts(), before + 2);
  assert.ok(!first.stdout.includes(scratch), 'no path of this machine');
});

const HOST = realHost();

/** Of what is kept: a miss writes it anew. */
async function datesOfKept(): Promise<string> {
  const folder = join(root, '.wherry', 'cache');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.txt')).sort();
  const dates = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name), { bigint: true })).mtimeNs),
  );
  return names.map((name, index) => `${name} ${dates[index]}`).join('\n');
}

function shown(one: Answer) {
  return {
    findings: renderPretty((one.ready ? one.prepared : one).diagnostics, picocolors.createColors(false)),
    plan: one.ready ? [JSON.stringify(one.prepared.plan), one.prepared.spill] : undefined,
  };
}

interface Ask extends Partial<PrepareOptions> {
  readonly variables?: Record<string, string>;
}

/** Whether the findings and the plan came from the cache; they are those of a project that is loaded anew. */
async function isAnswered({ variables = {}, ...flags }: Ask = {}): Promise<boolean> {
  const host = { ...HOST, cwd: root, env: { ...VARIABLES, ...variables } };
  const options: PrepareOptions = { color: false, python, engine: 'aws-fargate', ...flags };
  const before = await datesOfKept();
  const found = await answer(options, host);
  const isFromCache = (await datesOfKept()) === before;
  if (isFromCache) assert.deepEqual(shown(found), shown(await answer({ ...options, cache: false }, host)));
  return isFromCache;
}

test('cache: check and plan are answered without loading anything until what they look at has changed', async () => {
  await writeAll({
    'conf/base/wherry.yml': 'image: ${oc.env:IMAGE,shop:1}\nspill: s3://b/spill\ncache: {env: [REGION]}\n',
  });
  assert.deepEqual([await isAnswered(), await isAnswered()], [false, true]);
  const before = await starts();
  const touched = async (name: string, touch: (path: string) => Promise<unknown>) => {
    const path = join(root, name);
    const old = await readFile(path).catch(() => undefined);
    await mkdir(dirname(path), { recursive: true });
    await touch(path);
    assert.equal(await isAnswered(), false, name);
    await (old === undefined ? rm(path, { recursive: true }) : writeFile(path, old));
    await isAnswered();
  };
  await touched('conf/base/wherry.yml', (path) => appendFile(path, 'unknown: 1\n'));
  await touched('conf/base/wherry.yml', write('grouping: [\n'));
  await touched('.dockerignore', write('data\n'));
  await touched('data/raw.json', write('{}'));
  assert.equal(await starts(), before, 'Python has no part in these');

  await touched('conf/local/wherry.yml', write('grouping: node\n'));
  await touched('conf/base/airflow-k8s.yaml', write('run_config: {}\n'));
  await touched('conf/base/catalog.yml', (path) => appendFile(path, '# more\n'));
  await touched('src/shop/nodes.py', (path) => appendFile(path, '# more\n'));
  for (const other of [{ IMAGE: 'shop:latest' }, { REGION: 'eu' }, { COUNTRY: 'NL' }, { KEDRO_CONFIG_COMMIT_ID: 'a' }])
    assert.equal(await isAnswered({ variables: other }), false, JSON.stringify(other));
  await isAnswered();
  for (const flags of [
    { grouping: 'pipeline' },
    { engine: 'local' },
    { target: 'airflow' },
    { pipeline: 'daily' },
  ] as const)
    assert.equal(await isAnswered(flags), false, JSON.stringify(flags));
  assert.equal(await isAnswered({ format: 'json', color: true }), true, 'how it is shown does not count');
});

test('cache: a pipeline.yml and a snapshot are kept as well, until they change', async () => {
  const snapshot = join(scratch, 'snapshot.json');
  await writeFile(snapshot, (await wherry(['snapshot', '-C', root, '--python', python])).stdout);
  assert.deepEqual([await isAnswered({ snapshot }), await isAnswered({ snapshot })], [false, true]);
  await writeFile(snapshot, (await readFile(snapshot, 'utf8')).replaceAll('"kept"', '"stored"'));
  assert.equal(await isAnswered({ snapshot }), false);

  await rename(join(root, 'pyproject.toml'), join(root, 'pyproject.off'));
  const pipeline = join(root, 'pipeline.yml');
  await writeFile(pipeline, 'name: shop\nnodes: [{name: a, command: [date], outputs: [x]}]\n');
  assert.deepEqual([await isAnswered(), await isAnswered()], [false, true]);
  await appendFile(pipeline, 'datasets: {x: {path: data/x}}\n');
  assert.equal(await isAnswered(), false);
  await rename(join(root, 'pyproject.off'), join(root, 'pyproject.toml'));
  assert.equal(await isAnswered(), false, 'a folder that is both is a Kedro project');
});

test('cache: what answers from it needs neither the YAML parser nor the schemas', async () => {
  const dist = join(packageRoot, 'dist');
  const names = await readdir(dist);
  for (const command of ['check', 'plan']) {
    const loaded = new Set([names.find((name) => new RegExp(`^${command}-\\w+\\.js$`).test(name)) ?? '']);
    for (const name of loaded) {
      const text = await readFile(join(dist, name), 'utf8');
      for (const [, imported = ''] of text.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)) loaded.add(imported);
      assert.ok(!/ZodError|YAMLParseError/.test(text), `${command} loads ${name}`);
    }
    assert.ok(loaded.size > 1);
  }
});
