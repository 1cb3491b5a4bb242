import { append } from '../../util/topological-order.ts';
import type { NodeGraph } from '../node-graph.ts';
import type { Labels } from './labels.ts';
import { stronglyConnected } from './strongly-connected.ts';

export interface ConvexGroups {
  /** Node names by group, nodes in topological order. The groups form a DAG. */
  readonly groups: readonly (readonly string[])[];
  /** What had to be split: each circle of groups, and the parts that its groups became. */
  readonly repairs: readonly Repair[];
}

export interface Repair {
  /** The groups of one circle as the rule wanted them. */
  readonly circle: readonly (readonly string[])[];
  /** The parts that stand in their place. */
  readonly parts: readonly (readonly string[])[];
}

/**
 * The groups that `labels` ask for, those on a circle split until none is left.
 *
 * Within a circle of groups (a strongly connected component of the group graph) each node gets a level: how many times
 * the longest path to it changes group. A part is the nodes of one group on one level. Every edge between parts then
 * goes up a level, so no circle remains; and a path between two groups of the component cannot leave it, so levels may
 * be counted inside it alone. Parts of one group are joined again where that makes no circle, so that nothing is split
 * without need.
 */
export function makeConvex(graph: NodeGraph, labels: Labels): ConvexGroups {
  const labelOf = (node: string) => labels.get(node) ?? node;
  const circles = stronglyConnected(groupGraph(graph, labelOf)).filter((component) => component.length > 1);
  if (circles.length === 0) return { groups: collect(graph, labelOf), repairs: [] };

  const circleOf = new Map(circles.flatMap((labels, index) => labels.map((label): [string, number] => [label, index])));
  const levelled = withLevels(graph, labelOf, circleOf);
  const joined = joinParts(graph, levelled, (part) => circleOf.has(part.slice(0, part.lastIndexOf('#'))));
  const partOf = (node: string) => joined.get(node) ?? node;
  const repairs = circles.map((circle) => {
    const inCircle = new Set(circle);
    const only = (groups: string[][]) =>
      groups.filter(([first]) => first !== undefined && inCircle.has(labelOf(first)));
    return { circle: only(collect(graph, labelOf)), parts: only(collect(graph, partOf)) };
  });
  return { groups: collect(graph, partOf), repairs };
}

/** For each node its part: `label#level` inside a circle, `label#0` outside. */
function withLevels(
  { nodes, edges }: NodeGraph,
  labelOf: (node: string) => string,
  circleOf: ReadonlyMap<string, number>,
): Map<string, string> {
  const needs = new Map<string, string[]>();
  for (const { from, to } of edges) append(needs, to, from);
  const levels = new Map<string, number>();
  for (const { name } of nodes) {
    const circle = circleOf.get(labelOf(name));
    let level = 0;
    for (const need of circle === undefined ? [] : (needs.get(name) ?? [])) {
      if (circleOf.get(labelOf(need)) !== circle) continue;
      level = Math.max(level, (levels.get(need) ?? 0) + (labelOf(need) === labelOf(name) ? 0 : 1));
    }
    levels.set(name, level);
  }
  return new Map(nodes.map(({ name }) => [name, `${labelOf(name)}#${levels.get(name)}`]));
}

/** Joins each part of a group to the one before it, where the group graph stays free of circles: one look a part. */
function joinParts(
  graph: NodeGraph,
  partOf: Map<string, string>,
  isSplit: (part: string) => boolean,
): Map<string, string> {
  const partsByLabel = new Map<string, string[]>();
  for (const part of new Set(partOf.values()))
    if (isSplit(part)) append(partsByLabel, part.slice(0, part.lastIndexOf('#')), part);
  let current = partOf;
  for (const parts of partsByLabel.values()) {
    let kept: string | undefined;
    for (const part of parts) {
      const target: string | undefined = kept;
      if (target === undefined || !canJoin(graph, current, target, part)) kept = part;
      else current = new Map([...current].map(([node, own]) => [node, own === part ? target : own]));
    }
  }
  return current;
}

/** Two groups may become one where no path leads from one to the other through a third. */
function canJoin(graph: NodeGraph, partOf: ReadonlyMap<string, string>, a: string, b: string): boolean {
  const next = groupGraph(graph, (node) => partOf.get(node) ?? node);
  return !reachesAround(next, a, b) && !reachesAround(next, b, a);
}

function reachesAround(next: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set([from]);
  const open = [...(next.get(from) ?? [])].filter((group) => group !== to);
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    if (group === to) return true;
    if (seen.has(group)) continue;
    seen.add(group);
    open.push(...(next.get(group) ?? []));
  }
  return false;
}

function groupGraph({ nodes, edges }: NodeGraph, groupOf: (node: string) => string): Map<string, Set<string>> {
  const next = new Map(nodes.map(({ name }): [string, Set<string>] => [groupOf(name), new Set()]));
  for (const { from, to } of edges) if (groupOf(from) !== groupOf(to)) next.get(groupOf(from))?.add(groupOf(to));
  return next;
}

function collect({ nodes }: NodeGraph, groupOf: (node: string) => string): string[][] {
  const groups = new Map<string, string[]>();
  for (const { name } of nodes) append(groups, groupOf(name), name);
  return [...groups.values()];
}
