import {
  type Dataset,
  type DatasetKind,
  datasetName,
  type Node,
  type Pipeline,
  type Project,
} from '../../model/project.ts';
import { slug } from '../../util/slug.ts';
import { append } from '../../util/topological-order.ts';
import type { DescribedDataset, Description } from './protocol.ts';

/** From what the bridge says to the nouns of the model. `root` is the project's absolute folder. */
export function lowerProject(description: Description, root: string): Project {
  const packageName = description.packageName ?? 'project';
  const nodes = new Map(Object.entries(description.nodes).map(([name, node]) => [name, lowerNode(name, node)]));
  const pipelines = Object.entries(description.pipelines).map(([name, names]): [string, Pipeline] => [
    name,
    { name, nodes: names.flatMap((node) => nodes.get(node) ?? []) },
  ]);
  const byName = new Map<string, Dataset[]>();
  for (const [written, dataset] of Object.entries(description.datasets))
    append(byName, datasetName(written), lowerDataset(written, dataset));
  return {
    root,
    name: slug(packageName) || 'project',
    packageName,
    env: description.env,
    baseEnv: description.baseEnv,
    confSource: description.confSource,
    pipelines: new Map(pipelines),
    // One that an entry defines stands for those that none does.
    catalog: new Map(
      [...byName].flatMap(([name, all]): [string, Dataset][] => {
        const dataset = all.find(({ type }) => type !== undefined) ?? all[0];
        return dataset === undefined ? [] : [[name, dataset]];
      }),
    ),
    transcoded: new Map([...byName].filter(([, all]) => all.length > 1)),
    parameters: description.parameters,
    credentials: description.credentials ?? undefined,
    fileSystems: new Map(Object.entries(description.fileSystems)),
  };
}

function lowerNode(name: string, node: Description['nodes'][string]): Node {
  const { inputs, outputs, tags, confirms } = node;
  return {
    name,
    function: node.function,
    source: node.file === null ? undefined : { file: node.file, line: node.line ?? 1 },
    inputs,
    outputs,
    tags,
    namespace: node.namespace ?? undefined,
    confirms,
    after: [],
    program: undefined,
  };
}

function lowerDataset(writtenAs: string, dataset: DescribedDataset): Dataset {
  return {
    name: datasetName(writtenAs),
    writtenAs,
    kind: kindOf(dataset),
    type: dataset.type ?? undefined,
    path: dataset.path ?? undefined,
    pathKey: dataset.pathKey ?? undefined,
    versioned: dataset.versioned,
    credentials: dataset.credentials ?? undefined,
    pattern: dataset.pattern ?? undefined,
    classError: dataset.classError ?? undefined,
    usesFsspec: dataset.usesFsspec,
  };
}

/** Kedro's own in-memory classes, in any spelling: `MemoryDataset`, `io.MemoryDataSet`, `kedro.io.memory_dataset.MemoryDataset`. */
const IN_MEMORY = /(^|\.)(Shared)?MemoryData[Ss]et$/;
const LOCAL_URL = /^(file|local):\/\//;
const URL = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;

/** A path without a scheme is on this machine. No path at all (SQL, an API) is elsewhere. */
function kindOf({ type, path }: DescribedDataset): DatasetKind {
  if (type === null || IN_MEMORY.test(type)) return 'memory';
  if (path === null) return 'remote';
  return URL.test(path) && !LOCAL_URL.test(path) ? 'remote' : 'local';
}
