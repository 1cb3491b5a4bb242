import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Span } from '../../diagnostics/span.ts';
import { outputVariable } from '../../model/program-variables.ts';
import { append, topologicalOrder } from '../../util/topological-order.ts';
import type { KeyPath } from '../../util/yaml-document.ts';
import { needsOf } from './lower.ts';
import type { NodeEntry, PipelineFile } from './schema.ts';

/** A node and its place in the list. */
export interface PlacedNode {
  readonly node: NodeEntry;
  readonly index: number;
}

export type Locate = (path: KeyPath, part?: 'value' | 'key') => Span | undefined;

/**
 * What nodes say that cannot be, taken together. `datasets` is undefined where part of the file cannot be read: then
 * what seems to be missing may be there.
 */
export function checkNodes(
  nodes: readonly PlacedNode[],
  datasets: PipelineFile['datasets'] | undefined,
  locate: Locate,
): Diagnostic[] {
  const context: Context = { nodes, locate, byName: group(nodes, ({ node }) => [node.name]) };
  return [
    ...namesTaken(context),
    ...twoWriters(context),
    ...variableClashes(context),
    ...(datasets === undefined ? [] : [...unknownNodes(context), ...noSources(context, datasets)]),
    ...circle(context),
  ];
}

interface Context {
  readonly nodes: readonly PlacedNode[];
  readonly byName: ReadonlyMap<string, readonly PlacedNode[]>;
  readonly locate: Locate;
}

function group(nodes: readonly PlacedNode[], keysOf: (node: PlacedNode) => readonly string[]) {
  const groups = new Map<string, PlacedNode[]>();
  for (const node of nodes) for (const key of keysOf(node)) append(groups, key, node);
  return groups;
}

function namesTaken({ byName, locate }: Context): Diagnostic[] {
  return [...byName].flatMap(([name, [first, ...others]]) =>
    others.map(({ index }) =>
      diagnostic('pipeline/name-taken', {
        message: `There is another node '${name}'`,
        why: 'results, logs and retries are found by the name of the node',
        span: locate(['nodes', index, 'name']),
        notes: [{ message: 'the first one', span: locate(['nodes', first?.index ?? 0, 'name']) }],
      }),
    ),
  );
}

function twoWriters({ nodes, locate }: Context): Diagnostic[] {
  const place = ({ node, index }: PlacedNode, dataset: string) =>
    locate(['nodes', index, 'outputs', node.outputs.indexOf(dataset)]);
  return [...group(nodes, ({ node }) => [...new Set(node.outputs)])].flatMap(([dataset, [first, ...others]]) =>
    others.map((other) =>
      diagnostic('pipeline/two-writers', {
        message: `'${dataset}' is written by '${first?.node.name}' and by '${other.node.name}'`,
        why: 'who reads it would get the one or the other, by chance',
        help: 'give each output a name of its own, and a node that puts them together',
        span: place(other, dataset),
        notes: first === undefined ? [] : [{ message: 'written here too', span: place(first, dataset) }],
      }),
    ),
  );
}

function variableClashes({ nodes, locate }: Context): Diagnostic[] {
  return nodes.flatMap(({ node, index }) =>
    (['inputs', 'outputs'] as const).flatMap((key) => {
      const datasets = [...new Set(node[key])];
      const first = new Map<string, string>();
      return datasets.flatMap((dataset) => {
        const variable = outputVariable(dataset);
        const other = first.get(variable);
        first.set(variable, other ?? dataset);
        if (other === undefined) return [];
        return diagnostic('pipeline/variable-clash', {
          message: `'${other}' and '${dataset}' would both be in ${variable.replace('OUT', key === 'inputs' ? 'IN' : 'OUT')}`,
          why: `node '${node.name}' finds its files by these variables`,
          help: 'rename one: letters count in upper case, and all but letters and digits as _',
          span: locate(['nodes', index, key, node[key].indexOf(dataset)]),
        });
      });
    }),
  );
}

function unknownNodes({ nodes, byName, locate }: Context): Diagnostic[] {
  return nodes.flatMap(({ node, index }) =>
    node.after.flatMap((name, at) => {
      if (byName.has(name)) return [];
      return diagnostic('pipeline/unknown-node', {
        message: `'${node.name}' comes after '${name}', and there is no such node`,
        why: 'the order that you want cannot be kept',
        help: `nodes: ${[...byName.keys()].slice(0, 20).join(', ')}`,
        span: locate(['nodes', index, 'after', at]),
      });
    }),
  );
}

function noSources({ nodes, locate }: Context, datasets: PipelineFile['datasets']): Diagnostic[] {
  const written = new Set(nodes.flatMap(({ node }) => node.outputs));
  return nodes.flatMap(({ node, index }) =>
    node.inputs.flatMap((dataset, at) => {
      if (written.has(dataset) || Object.hasOwn(datasets, dataset)) return [];
      return diagnostic('pipeline/no-source', {
        message: `'${node.name}' reads '${dataset}', which no node writes and 'datasets' does not have`,
        why: 'there is nothing that it could read',
        help: `name the node that writes it, or say where it is:\n  datasets:\n    ${dataset}: { path: data/${dataset} }`,
        span: locate(['nodes', index, 'inputs', at]),
      });
    }),
  );
}

/** One circle, if there is any: with it gone the next run finds the next. */
function circle({ nodes, byName, locate }: Context): Diagnostic[] {
  const needs = needsOf(nodes.map(({ node }) => node));
  const done = new Set(topologicalOrder(needs));
  const open = nodes.find(({ node }) => !done.has(node.name));
  if (open === undefined) return [];
  const path: string[] = [];
  for (let at = open.node.name; !path.includes(at); )
    at =
      [...(needs.get(path[path.push(at) - 1] ?? '') ?? [])].find((need) => byName.has(need) && !done.has(need)) ?? at;
  const last = path.at(-1) ?? '';
  const start = [...(needs.get(last) ?? [])].find((need) => path.includes(need) && !done.has(need)) ?? last;
  const names = path.slice(path.indexOf(start));
  return [
    diagnostic('pipeline/circle', {
      message:
        names.length === 1
          ? `'${start}' waits for itself`
          : `These nodes wait for each other: ${[...names, start].join(' ← ')}`,
      why: 'none of them could ever start',
      help: 'a node waits for those that write its inputs and for those under `after`: take one of these away',
      span: locate(['nodes', byName.get(start)?.[0]?.index ?? 0, 'name']),
      notes: names
        .slice(1)
        .map((name) => ({ message: `'${name}'`, span: locate(['nodes', byName.get(name)?.[0]?.index ?? 0, 'name']) })),
    }),
  ];
}
