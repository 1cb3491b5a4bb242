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
