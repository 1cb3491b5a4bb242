import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeDataset, makeNode, makeProject, randomProject } from '../../test/support/random-pipeline.ts';
import { settings, sha256 } from '../../test/support/settings.ts';
import { GROUPINGS, type Grouping, type Plan } from '../model/plan.ts';
import type { Node, Pipeline, Project } from '../model/project.ts';
import { topologicalOrder } from '../util/topological-order.ts';
import { plan as makePlan } from './plan.ts';

const RANDOM_DAGS = 1000;

function planOf(project: Project, grouping: Grouping, written: object = {}) {
  const pipeline = project.pipelines.get('__default__') as Pipeline;
  return makePlan({ project, pipeline, grouping, settings: settings(written), sha256 });
}

function nodesOf(project: Project): readonly Node[] {
  return project.pipelines.get('__default__')?.nodes ?? [];
}

/** Every pair of tasks that some edge between nodes joins. */
function crossings(project: Project, plan: Plan) {
  const taskOf = new Map(plan.tasks.flatMap(({ name, nodes }) => nodes.map((node): [string, string] => [node, name])));
  const writer = new Map(
    nodesOf(project).flatMap((node) => node.outputs.map((output): [string, string] => [output, node.name])),
  );
  return nodesOf(project).flatMap((node) =>
    node.inputs.flatMap((dataset) => {
      const from = taskOf.get(writer.get(dataset) ?? '');
      const to = taskOf.get(node.name);
      return from === undefined || to === undefined ? [] : [{ from, to, dataset }];
    }),
  );
}

for (const grouping of GROUPINGS) {
  test(`plan, grouping ${grouping}: on random DAGs each node is in one task, the tasks form a DAG and no edge is lost`, () => {
    fc.assert(
      fc.property(randomProject(60), (project) => {
        const { plan } = planOf(project, grouping);
        const planned = plan.tasks.flatMap(({ nodes }) => nodes);
        assert.deepEqual(
          [...planned].sort(),
          nodesOf(project)
            .map(({ name }) => name)
            .sort(),
        );
        assert.equal(new Set(plan.tasks.map(({ name }) => name)).size, plan.tasks.length);
        const needs = new Map(plan.tasks.map(({ name, dependsOn }) => [name, dependsOn]));
        assert.equal(topologicalOrder(needs).length, plan.tasks.length);
        for (const { from, to, dataset } of crossings(project, plan)) {
          if (from === to) continue;
          assert.ok(needs.get(to)?.includes(from), `${to} must wait for ${from}`);
          const boundary = plan.boundaryDatasets.find(({ name }) => name === dataset);
          assert.equal(boundary?.producer, from);
          assert.ok(boundary?.consumers.includes(to));
          assert.equal(boundary?.storage, project.catalog.has(dataset) ? 'catalog' : 'spill');
        }
      }),
      { numRuns: RANDOM_DAGS },
    );
  });
}

test('plan, grouping memory: an in-memory edge crosses tasks only where a repair was needed and says so', () => {
  fc.assert(
    fc.property(randomProject(60), (project) => {
      const { plan, diagnostics } = planOf(project, 'memory');
      for (const { from, to, dataset } of crossings(project, plan)) {
        if (from === to || project.catalog.has(dataset)) continue;
        const ends = plan.tasks.filter(({ name }) => name === from || name === to).flatMap(({ nodes }) => nodes);
        const repaired = diagnostics.filter(({ code }) => code === 'plan/cycle-repaired').map(({ message }) => message);
        assert.ok(
          repaired.some((message) =>
            ends.every((node) => new RegExp(`[[ ]${node.replaceAll('.', '[.]')}[,\\]]`).test(message)),
          ),
          `${dataset} crosses from ${from} to ${to} without a repair that names both`,
        );
      }
    }),
    { numRuns: RANDOM_DAGS },
  );
});

test('plan: nodes stand in execution order within their task', () => {
  fc.assert(
    fc.property(randomProject(40), fc.constantFrom(...GROUPINGS), (project, grouping) => {
      const order = new Map(nodesOf(project).map(({ name }, index) => [name, index]));
      for (const { nodes } of planOf(project, grouping).plan.tasks) {
        const places = nodes.map((node) => order.get(node) ?? -1);
        assert.deepEqual(
          places,
          [...places].sort((a, b) => a - b),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('plan: a group that would wait for itself is split, and the diagnostic names both groups', () => {
  const nodes = [
    makeNode('a.first', { namespace: 'a', outputs: ['x'] }),
    makeNode('b.middle', { namespace: 'b', inputs: ['x'], outputs: ['y'] }),
    makeNode('a.last', { namespace: 'a', inputs: ['y'], outputs: ['z'] }),
    makeNode('b.other', { namespace: 'b', inputs: ['x'], outputs: ['w'] }),
  ];
  const { plan, diagnostics } = planOf(makeProject(nodes, []), 'namespace');
  assert.deepEqual(
    plan.tasks.map(({ nodes: names }) => names),
    [['a.first'], ['b.middle', 'b.other'], ['a.last']],
  );
  assert.equal(diagnostics.length, 1);
  assert.match(diagnostics[0]?.message ?? '', /a\.first, a\.last.*b\.middle, b\.other/);
});

test('plan: the same project gives the same bytes, and another image the same hash', () => {
  const project = makeProject([makeNode('a', { inputs: ['raw'], outputs: ['b'] })], [makeDataset('raw')]);
  const first = planOf(project, 'memory', { image: 'one:1' }).plan;
  assert.equal(JSON.stringify(planOf(project, 'memory', { image: 'one:1' }).plan), JSON.stringify(first));
  assert.equal(planOf(project, 'memory', { image: 'two:2' }).plan.planHash, first.planHash);
  assert.notEqual(planOf(project, 'memory', { resources: { a: { vcpu: 4 } } }).plan.planHash, first.planHash);
});

test('plan: a task takes the largest sizes of its nodes, by node, tag, namespace and default, raised to a Fargate size', () => {
  const nodes = [
    makeNode('n.m.small', { namespace: 'n.m', outputs: ['x'] }),
    makeNode('n.m.big', { namespace: 'n.m', tags: ['heavy'], inputs: ['x'], outputs: ['y'] }),
    makeNode('lonely', { outputs: ['z'] }),
  ];
  const written = {
    resources: { __default__: { vcpu: 0.5, memory: '1Gi' }, n: { memory: '3Gi' }, heavy: { vcpu: 2, memory: 9000 } },
  };
  const { plan } = planOf(makeProject(nodes, []), 'memory', written);
  const size = (name: string) =>
    plan.tasks.filter((task) => task.name === name).map(({ vcpu, memoryMiB }) => [vcpu, memoryMiB]);
  assert.deepEqual(size('n-m'), [[2, 9216]]);
  const named = planOf(makeProject(nodes, []), 'memory', {
    resources: { ...written.resources, 'n-m': { memory: '4Gi' } },
  }).plan;
  assert.equal(
    named.tasks.find(({ name }) => name === 'n-m')?.memoryMiB,
    4096,
    'an entry under the name of the task wins',
  );
  assert.deepEqual(size('lonely'), [[0.5, 1024]]);
});

test("plan: task names are the node's slug, the common namespace or the first node's slug, and clashes are told apart", () => {
  const nodes = [
    makeNode('Train Model', { outputs: ['x'] }),
    makeNode('train-model', { outputs: ['y'] }),
    makeNode('a.b.one', { namespace: 'a.b', outputs: ['m'] }),
    makeNode('a.c.two', { namespace: 'a.c', inputs: ['m'], outputs: ['n'] }),
  ];
  const names = planOf(makeProject(nodes, []), 'memory').plan.tasks.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !name.startsWith('train')),
    ['a'],
  );
  assert.deepEqual(names.filter((name) => /^train-model-[0-9a-f]{6}$/.test(name)).length, 2);
});

test('plan: a transcoded dataset is one dataset', () => {
  const nodes = [
    makeNode('w', { outputs: ['cars@spark'] }),
    makeNode('r', { inputs: ['cars@pandas'], outputs: ['x'] }),
  ];
  const { plan } = planOf(makeProject(nodes, [makeDataset('cars')]), 'node');
  assert.deepEqual(plan.boundaryDatasets, [
    { name: 'cars', kind: 'remote', storage: 'catalog', producer: 'w', consumers: ['r'] },
  ]);
});

test('plan: nodes of an explicit group share a task under its name, and the rule groups the others', () => {
  const nodes = [
    makeNode('a', { outputs: ['x'] }),
    makeNode('b', { inputs: ['x'], outputs: ['y'] }),
    makeNode('c', { inputs: ['y'], outputs: ['z'] }),
    makeNode('d', { outputs: ['w'] }),
  ];
  const groups = { 'Train & Test': ['b', 'd', 'elsewhere'], alone: ['missing'] };
  const { plan } = planOf(makeProject(nodes, []), 'memory', { groups });
  assert.deepEqual(
    plan.tasks.map(({ name, nodes: names }) => [name, names]),
    [
      ['a', ['a']],
      ['train-test', ['b', 'd']],
      ['c', ['c']],
    ],
    'a and c, which only b joined, are not one task',
  );
  assert.deepEqual(plan.tasks.find(({ name }) => name === 'train-test')?.spills, ['y']);
});

test('plan: on random DAGs with random groups each group is one task, or is in a circle whose repair names it', () => {
  const picks = fc.array(fc.tuple(fc.nat(39), fc.constantFrom('g', 'h', 'k')), { maxLength: 12 });
  fc.assert(
    fc.property(randomProject(40), fc.constantFrom(...GROUPINGS), picks, (project, grouping, chosen) => {
      const nodes = nodesOf(project);
      const groupOf = new Map(chosen.map(([index, group]) => [nodes[index % nodes.length]?.name ?? '', group]));
      const groups: Record<string, string[]> = {};
      for (const [node, group] of groupOf) groups[group] = [...(groups[group] ?? []), node];
      const { plan, diagnostics } = planOf(project, grouping, { groups });
      const needs = new Map(plan.tasks.map(({ name, dependsOn }) => [name, dependsOn]));
      assert.equal(topologicalOrder(needs).length, plan.tasks.length);
      for (const [group, members] of Object.entries(groups)) {
        const tasks = plan.tasks.filter((task) => task.nodes.some((node) => members.includes(node)));
        if (tasks.length > 1)
          assert.ok(
            diagnostics.some(({ message }) => message.includes(`'${group}'`)),
            group,
          );
        else assert.deepEqual([tasks[0]?.name, [...(tasks[0]?.nodes ?? [])].sort()], [group, [...members].sort()]);
      }
    }),
    { numRuns: 500 },
  );
});

test('plan: an estimate is that of the task, else the sum of its nodes, by node, program, tag, namespace and default', () => {
  const nodes = [
    makeNode('n.m.first', { namespace: 'n.m', outputs: ['x'] }),
    makeNode('n.m.second', { namespace: 'n.m', tags: ['slow'], inputs: ['x'], outputs: ['y'] }),
    makeNode('other', { outputs: ['z'] }),
  ];
  const seconds = (estimates: object) =>
    planOf(makeProject(nodes, []), 'memory', { estimates }).plan.tasks.map(({ name, estimate }) => [
      name,
      estimate?.seconds,
    ]);
  assert.deepEqual(seconds({ n: 5, slow: '1m' }), [
    ['n-m', 65],
    ['other', undefined],
  ]);
  assert.deepEqual(seconds({ 'n.m.second': 7, __default__: 1 }), [
    ['n-m', 8],
    ['other', 1],
  ]);
  assert.deepEqual(seconds({ 'n.m.first': 7, other: 0.5 }), [
    ['n-m', undefined],
    ['other', 0.5],
  ]);
  assert.deepEqual(seconds({ 'n-m': 3, n: 100 })[0], ['n-m', 3]);
});

test("plan: a timeout of a task's own is in the plan: its entry's, else the longest of its nodes, silent ones included", () => {
  const nodes = [
    makeNode('n.first', { namespace: 'n', outputs: ['x'] }),
    makeNode('n.second', { namespace: 'n', inputs: ['x'], outputs: ['y'] }),
  ];
  const timeoutMs = (written: object) => planOf(makeProject(nodes, []), 'memory', written).plan.tasks[0]?.timeoutMs;
  assert.equal(timeoutMs({}), undefined);
  assert.equal(timeoutMs({ resources: { n: { timeout: '2h' } } }), 7_200_000);
  assert.equal(timeoutMs({ resources: { 'n.first': { timeout: '2h' } } }), undefined, 'the other may take 24 h');
  assert.equal(timeoutMs({ timeout: '1h', resources: { 'n.first': { timeout: '2h' } } }), 7_200_000);
  assert.equal(timeoutMs({ resources: { 'n.first': { timeout: '1h' }, 'n.second': { timeout: 90 } } }), 3_600_000);
  assert.equal(timeoutMs({ timeout: '2h', resources: { __default__: { timeout: '1h' }, n: { vcpu: 1 } } }), 3_600_000);
});
