import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Slice, slicePipeline } from '../src/plan/slice.ts';
import { EXAMPLE, examplePython, projectCopy, wherry } from './support/cli.ts';
import { makeNode } from './support/random-pipeline.ts';

interface Drawn {
  readonly nodes: readonly {
    readonly name: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly tags: readonly string[];
    readonly namespace: string | undefined;
  }[];
  readonly slice: Slice;
}

/** Random pipelines, each with words to slice it by that are in it. */
const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    drafts: fc.array(
      fc.record({
        inputs: fc.uniqueArray(fc.nat(20), { maxLength: 3 }),
        tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
        namespace: fc.option(fc.constantFrom('x', 'x.y', 'z'), { nil: undefined }),
        isTranscoded: fc.boolean(),
      }),
      { minLength: 2, maxLength: 12 },
    ),
    picks: fc.array(fc.array(fc.nat(40), { maxLength: 2 }), { minLength: 7, maxLength: 7 }),
  })
  .map(({ drafts, picks }) => {
    const readName = (index: number) => `d${index}${drafts[index]?.isTranscoded ? '@pandas' : ''}`;
    const nodes = drafts.map(({ inputs, tags, namespace, isTranscoded }, index) => {
      const read = index === 0 ? ['raw'] : [...new Set(inputs.map((pick) => pick % index))].map(readName);
      const suffix = isTranscoded ? '@spark' : '';
      return { name: `n${index}`, inputs: read, outputs: [`d${index}${suffix}`], tags, namespace };
    });
    const pick = (which: number, from: readonly string[]) =>
      from.length === 0 ? [] : [...new Set((picks[which] ?? []).map((at) => from[at % from.length] as string))];
    const names = nodes.map(({ name }) => name);
    const slice: Slice = {
      nodes: pick(0, names),
      fromNodes: pick(1, names),
      toNodes: pick(2, names),
      fromInputs: pick(
        3,
        nodes.flatMap(({ inputs }) => inputs),
      ),
      toOutputs: pick(
        4,
        nodes.flatMap(({ outputs }) => outputs),
      ),
      tags: pick(
        5,
        nodes.flatMap(({ tags }) => tags),
      ),
      // Of two namespaces that lie in each other Kedro makes a pipeline with a node twice, and refuses it.
      namespaces: pick(
        6,
        nodes.flatMap(({ namespace }) => namespace ?? []),
      ).slice(0, 1),
    };
    return { nodes, slice };
  });

/** What Kedro itself keeps; null where it keeps nothing. */
const KEDRO = `
import json, sys
from kedro.pipeline import Pipeline, node
names = {"nodes": "node_names", "fromNodes": "from_nodes", "toNodes": "to_nodes", "fromInputs": "from_inputs",
         "toOutputs": "to_outputs", "tags": "tags", "namespaces": "node_namespaces"}
def kept(case):
    nodes = [node(lambda *a: 1, n["inputs"], n["outputs"], name=n["name"], tags=n["tags"], namespace=n.get("namespace"))
             for n in case["nodes"]]
    try:
        filtered = Pipeline(nodes).filter(**{names[key]: value for key, value in case["slice"].items() if value})
    except ValueError as error:
        return [] if 'contains no nodes' in str(error) else [str(error)]
    return sorted(n.name.rpartition(".")[2] for n in filtered.nodes)
print(json.dumps([kept(case) for case in json.load(sys.stdin)]))
`;

test('slice: keeps what Kedro keeps, on 500 random pipelines and slices', async () => {
  const few = (slice: Slice) => Object.values(slice).filter((names: readonly string[]) => names.length > 0).length <= 2;
  const cases = fc.sample(
    drawn.map(({ nodes, slice }, index = 0): Drawn => {
      // Seven criteria at once leave nothing as a rule: two of them, drawn with the words.
      const keys = Object.keys(slice) as (keyof Slice)[];
      const start = (nodes.length + slice.nodes.length + index) % keys.length;
      const used = new Set([keys[start], keys[(start + 3) % keys.length]]);
      const some = Object.fromEntries(keys.map((key) => [key, used.has(key) ? slice[key] : []]));
      return { nodes, slice: some as unknown as Slice };
    }),
    500,
  );
  assert.ok(cases.every(({ slice }) => few(slice)));
  // A node in a namespace has it in front of its name with Kedro.
  const asKedroSays = cases.map(({ nodes, slice }) => {
    const full = new Map(nodes.map(({ name, namespace }) => [name, namespace ? `${namespace}.${name}` : name]));
    const long = (names: readonly string[]) => names.map((name) => full.get(name));
    return {
      nodes,
      slice: { ...slice, nodes: long(slice.nodes), fromNodes: long(slice.fromNodes), toNodes: long(slice.toNodes) },
    };
  });
  const python = await examplePython();
  const answered = spawnSync(python, ['-c', KEDRO], { input: JSON.stringify(asKedroSays), encoding: 'utf8' });
  assert.equal(answered.status, 0, answered.stderr);
  const expected = JSON.parse(answered.stdout) as string[][];
  let kept = 0;
  for (const [index, { nodes, slice }] of cases.entries()) {
    const pipeline = { name: 'p', nodes: nodes.map(({ name, ...rest }) => makeNode(name, rest)) };
    const ours = slicePipeline(pipeline, slice)
      .pipeline.nodes.map(({ name }) => name)
      .sort();
    assert.deepEqual(ours, expected[index], JSON.stringify(cases[index]));
    kept += ours.length > 0 && ours.length < nodes.length ? 1 : 0;
  }
  assert.ok(kept > 100, `only ${kept} of the slices kept some of the nodes and not all`);
});

test('slice: the flags mean the same on plan and run, and a word that names nothing is refused', async () => {
  await using project = await projectCopy(EXAMPLE);
  const words = ['-C', project.folder, '--python', await examplePython(), '--format', 'json'];
  const nodesOf = async (...flags: string[]) => {
    const { stdout, stderr, status } = await wherry(['plan', ...words, ...flags]);
    // A slice whose in-memory inputs nobody writes is planned, and said to fail, as it would with Kedro.
    assert.ok(status === 0 || stderr.includes('[data/nobody-writes]'), stderr);
    return (JSON.parse(stdout).tasks as { nodes: string[] }[]).flatMap(({ nodes }) => nodes).sort();
  };
  assert.equal((await nodesOf('-ns', 'ingest')).length, 5);
  assert.deepEqual(await nodesOf('-n', 'docks.plan_van,docks.rate_balance'), ['docks.plan_van', 'docks.rate_balance']);
  const from = await nodesOf('--from-nodes', 'demand.train_model', '--to-outputs', 'demand.predictions');
  assert.deepEqual(from, ['demand.predict', 'demand.train_model']);
  const planned = await wherry([
    'plan',
    ...words,
    '--params',
    'demand.depth=4,word=x',
    '-lv',
    'rentals:2026-01-01T00.00.00.000Z',
  ]);
  const { params, loadVersions } = JSON.parse(planned.stdout);
  assert.deepEqual(
    [params, loadVersions],
    [{ demand: { depth: 4 }, word: 'x' }, { rentals: '2026-01-01T00.00.00.000Z' }],
  );

  const ran = await wherry(['run', ...words, '-ns', 'ingest']);
  assert.equal(ran.status, 0, ran.stderr);
  const { tasks } = JSON.parse(ran.stdout) as { tasks: { nodes: object[] }[] };
  assert.equal(tasks.flatMap(({ nodes }) => nodes).length, 5);

  for (const [flags, said] of [
    [['-n', 'demand.trian_model'], /no node 'demand.trian_model'/],
    [['-t', 'none', '--from-inputs', 'nothing'], /no dataset 'nothing', tag 'none'/],
    [['-n', 'docks.plan_van', '-ns', 'ingest'], /no node of the pipeline '__default__' meets all/],
    [['--params', 'x'], /--params takes key=value pairs/],
  ] as const) {
    const refused = await wherry(['plan', ...words, ...flags]);
    assert.equal(refused.status, 2, refused.stderr);
    assert.match(refused.stderr, said);
  }
});

test('slice: a node that is to come after one that is left out waits for nothing', () => {
  const nodes = [makeNode('joined'), makeNode('other'), makeNode('notify', { after: ['joined', 'other'] })];
  const slice = { nodes: [], fromNodes: [], toNodes: [], fromInputs: [], toOutputs: [], tags: [], namespaces: [] };
  const kept = slicePipeline({ name: '__default__', nodes }, { ...slice, nodes: ['other', 'notify'] }).pipeline.nodes;
  assert.deepEqual(
    kept.map(({ name, after }) => [name, after]),
    [
      ['other', []],
      ['notify', ['other']],
    ],
  );
  assert.deepEqual(slicePipeline({ name: '__default__', nodes }, slice).pipeline.nodes, nodes);
});
