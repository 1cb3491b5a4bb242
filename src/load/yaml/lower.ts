import type { Dataset, Node, Pipeline, Project } from '../../model/project.ts';
import { slug } from '../../util/slug.ts';
import { append, topologicalOrder } from '../../util/topological-order.ts';
import type { NodeEntry, PipelineFile } from './schema.ts';

interface Place {
  readonly root: string;
  readonly env: string;
  readonly baseEnv: string;
  readonly confSource: string;
}

/** From the file's words to the nouns of the model. */
export function lowerPipeline({ name, nodes, datasets }: PipelineFile, place: Place): Project {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const ordered = topologicalOrder(needsOf(nodes)).flatMap((node) => byName.get(node) ?? []);
  const pipeline: Pipeline = { name: '__default__', nodes: ordered.map(lowerNode) };
  return {
    ...place,
    name: slug(name) || 'project',
    packageName: name,
    pipelines: new Map([[pipeline.name, pipeline]]),
    catalog: new Map(Object.entries(datasets).map(([dataset, { path }]) => [dataset, lowerDataset(dataset, path)])),
    transcoded: new Map(),
    parameters: [],
    credentials: undefined,
    fileSystems: new Map(),
  };
}

/** For each node those that must have ended before it starts. */
export function needsOf(nodes: readonly NodeEntry[]): Map<string, string[]> {
  const writersOf = new Map<string, string[]>();
  for (const { name, outputs } of nodes) for (const dataset of outputs) append(writersOf, dataset, name);
  return new Map(
    nodes.map(({ name, inputs, after }) => [
      name,
      [...inputs.flatMap((dataset) => writersOf.get(dataset) ?? []), ...after],
    ]),
  );
}

function lowerNode({ name, command, inputs, outputs, after, tags, ...entry }: NodeEntry): Node {
  return {
    name,
    function: command.join(' '),
    source: undefined,
    inputs: [...new Set(inputs)],
    outputs: [...new Set(outputs)],
    tags,
    namespace: undefined,
    confirms: [],
    after,
    program: {
      command,
      env: entry.env,
      vcpu: entry.vcpu,
      memoryMiB: entry.memory,
      gpu: entry.gpu,
      image: entry.image,
      seconds: entry.duration,
      isAlone: !entry.parallel,
    },
  };
}

const URL = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;

function lowerDataset(name: string, path: string): Dataset {
  return {
    name,
    writtenAs: name,
    kind: URL.test(path) && !path.startsWith('file://') ? 'remote' : 'local',
    type: undefined,
    path,
    pathKey: 'path',
    versioned: false,
    credentials: undefined,
    pattern: undefined,
    classError: undefined,
    usesFsspec: false,
  };
}
