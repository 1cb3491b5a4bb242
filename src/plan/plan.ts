import type { Config } from '../config/config.ts';
import type { ConfigValues } from '../config/schema.ts';
import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { BoundaryDataset, Grouping, Plan, PlanTask } from '../model/plan.ts';
import { datasetName, type Node, type Pipeline, type Project } from '../model/project.ts';
import { compareText, stableJson } from '../util/stable-json.ts';
import { append, topologicalOrder } from '../util/topological-order.ts';
import { describeNames } from './describe-names.ts';
import { explicitGroups, labelNodes } from './grouping/group.ts';
import { makeConvex, type Repair } from './grouping/make-convex.ts';
import { dataInputs, nodeGraph } from './node-graph.ts';
import { programsOf } from './programs.ts';
import { nameTasks, type Sourced, sourceOfName } from './task-names.ts';
import { fargateSize, wantedSize } from './task-size.ts';
import { estimateOf, timeoutOf } from './task-time.ts';

export interface PlanRequest {
  readonly project: Project;
  readonly pipeline: Pipeline;
  readonly grouping: Grouping;
  readonly settings: ConfigValues;
  /** Runtime parameters. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** By dataset. */
  readonly loadVersions?: Readonly<Record<string, string>>;
  /** Hex SHA-256 of a text in UTF-8. */
  readonly sha256: (text: string) => string;
  /** Where findings about a setting or a node point. */
  readonly locateSetting?: Config['locate'];
  readonly locateNode?: (node: Node) => Span | undefined;
}

interface Draft extends Sourced {
  readonly name: string;
}

/** Which nodes share a container, what passes between containers, and how large each is. */
export function plan(request: PlanRequest): {
  plan: Plan;
  diagnostics: Diagnostic[];
} {
  const { project, pipeline, grouping, settings, params = {}, loadVersions = {}, sha256 } = request;
  const graph = nodeGraph(pipeline.nodes);
  const isPersisted = (dataset: string) => (project.catalog.get(dataset)?.kind ?? 'memory') !== 'memory';
  const groupOf = explicitGroups(settings.groups);
  const labels = labelNodes({ grouping, groupOf }, graph, (dataset) => !isPersisted(dataset));
  const { groups, repairs } = makeConvex(graph, labels);

  const byName = new Map(pipeline.nodes.map((node) => [node.name, node]));
  const sourced = groups.map((names): Sourced => {
    const nodes = names.flatMap((name) => byName.get(name) ?? []);
    return { nodes, source: sourceOfName(nodes, groupOf) };
  });
  const names = nameTasks(sourced, sha256);
  const drafts = sourced.map((group, index): Draft => ({ ...group, name: names[index] as string }));

  const taskOf = new Map(drafts.flatMap(({ name, nodes }) => nodes.map((node): [string, string] => [node.name, name])));
  const boundaryDatasets = findBoundaries(drafts, graph.writerOf, taskOf, project);
  const crossing = new Set(boundaryDatasets.map(({ name }) => name));
  const dependsOn = new Map<string, string[]>();
  for (const { from, to } of graph.edges) {
    const [needed, name] = [taskOf.get(from) ?? '', taskOf.get(to) ?? ''];
    if (needed !== name) append(dependsOn, name, needed);
  }
  const tasks = inOrder(
    drafts.map((draft) => planTask(draft, { crossing, needs: dependsOn.get(draft.name) ?? [], isPersisted, settings })),
  );
  const body = {
    version: 1 as const,
    project: project.name,
    packageName: project.packageName,
    pipeline: pipeline.name,
    env: project.env,
    confSource: project.confSource,
    grouping,
    tasks,
    boundaryDatasets,
    paths: settings.paths,
    params,
    loadVersions,
    ...programsOf(pipeline, project),
  };
  const planHash = sha256(
    stableJson({ ...body, tasks: tasks.map(({ estimate: _, ...task }) => ({ ...task, image: null })) }),
  );
  const diagnostics = [
    ...repairs.map((repair) => describeRepair(repair, request, groupOf)),
    ...describeNames(drafts, request.locateNode ?? (() => undefined)),
  ];
  return { plan: { ...body, planHash }, diagnostics };
}

function findBoundaries(
  drafts: readonly Draft[],
  writerOf: ReadonlyMap<string, string>,
  taskOf: ReadonlyMap<string, string>,
  project: Project,
): BoundaryDataset[] {
  const consumers = new Map<string, string[]>();
  for (const { name, nodes } of drafts) {
    for (const dataset of new Set(nodes.flatMap(dataInputs))) {
      const producer = taskOf.get(writerOf.get(dataset) ?? '');
      if (producer !== undefined && producer !== name) append(consumers, dataset, name);
    }
  }
  return [...consumers]
    .map(([dataset, readers]): BoundaryDataset => {
      const kind = project.catalog.get(dataset)?.kind ?? 'memory';
      return {
        name: dataset,
        kind,
        storage: kind === 'memory' ? 'spill' : 'catalog',
        producer: taskOf.get(writerOf.get(dataset) ?? '') ?? '',
        consumers: readers.sort(compareText),
      };
    })
    .sort((a, b) => compareText(a.name, b.name));
}

interface TaskSurroundings {
  /** Every dataset that is written in one task and read in another. */
  readonly crossing: ReadonlySet<string>;
  /** The tasks that write what this one reads. */
  readonly needs: readonly string[];
  readonly isPersisted: (dataset: string) => boolean;
  readonly settings: ConfigValues;
}

function planTask({ name, nodes }: Draft, { crossing, needs, isPersisted, settings }: TaskSurroundings): PlanTask {
  const written = new Set(nodes.flatMap(({ outputs }) => outputs.map(datasetName)));
  const writes = [...written].filter((dataset) => isPersisted(dataset) || crossing.has(dataset)).sort(compareText);
  const reads = [...new Set(nodes.flatMap(dataInputs))].filter((dataset) => !written.has(dataset)).sort(compareText);
  const { vcpu, memoryMiB } = fargateSize(wantedSize(name, nodes, settings.resources));
  return {
    name,
    nodes: nodes.map((node) => node.name),
    dependsOn: [...new Set(needs)].sort(compareText),
    reads,
    writes,
    spills: writes.filter((dataset) => !isPersisted(dataset)),
    vcpu,
    memoryMiB,
    parallelism: 1,
    image:
      settings.execution_engine.task_definition === undefined
        ? (nodes[0]?.program?.image ?? settings.image ?? null)
        : null,
    env: settings.execution_engine.env,
    ...timeoutOf(name, nodes, settings),
    ...estimateOf(name, nodes, settings.estimates),
    command: ['wherry-step', '--task', name],
  };
}

function inOrder(tasks: readonly PlanTask[]): PlanTask[] {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const order = topologicalOrder(new Map(tasks.map(({ name, dependsOn }) => [name, dependsOn])));
  if (order.length !== tasks.length) throw new Error('the planned tasks form a circle');
  return order.flatMap((name) => byName.get(name) ?? []);
}

function describeRepair(
  { circle, parts }: Repair,
  { grouping, locateSetting }: PlanRequest,
  groupOf: ReadonlyMap<string, string>,
): Diagnostic {
  const list = (groups: readonly (readonly string[])[]) => groups.map((nodes) => `[${nodes.join(', ')}]`).join(' ');
  const named = [...new Set(circle.flat().flatMap((node) => groupOf.get(node) ?? []))].sort(compareText);
  const rule = named.length === 0 ? '' : `, and 'groups' (${named.map((name) => `'${name}'`).join(', ')}),`;
  return diagnostic('plan/cycle-repaired', {
    message: `Grouping by ${grouping}${rule} makes tasks that wait for each other: ${list(circle)}`,
    why: 'tasks must form a DAG, so they were split where one waits for another',
    help: `they became ${list(parts)}; name the nodes of a task under 'groups', or take another --grouping, to choose yourself`,
    span: named[0] === undefined ? undefined : locateSetting?.(['groups', named[0]], 'key'),
  });
}
