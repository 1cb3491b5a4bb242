import fc from 'fast-check';
import type { Dataset, Node, Pipeline, Project } from '../../src/model/project.ts';

/** A project with one pipeline of up to `largest` nodes: random edges, namespaces and storage. Node 0 comes first. */
export function randomProject(largest: number): fc.Arbitrary<Project> {
  const node = fc.record({
    inputs: fc.array(fc.nat(1000), { maxLength: 4 }),
    namespace: fc.option(fc.constantFrom('features', 'features.daily', 'train', 'report'), { nil: undefined }),
    isPersisted: fc.boolean(),
  });
  return fc.array(node, { minLength: 1, maxLength: largest }).map((drafts) => {
    const nodes = drafts.map(({ inputs, namespace }, index): Node => {
      const prefix = namespace === undefined ? '' : `${namespace}.`;
      return makeNode(`${prefix}n${index}`, {
        namespace,
        inputs: index === 0 ? ['raw'] : [...new Set(inputs.map((pick) => `d${pick % index}`))],
        outputs: [`d${index}`],
      });
    });
    const persisted = drafts.flatMap(({ isPersisted }, index) => (isPersisted ? [makeDataset(`d${index}`)] : []));
    return makeProject(nodes, [makeDataset('raw'), ...persisted]);
  });
}

export function makeNode(name: string, rest: Partial<Node> = {}): Node {
  return {
    name,
    function: 'f',
    source: undefined,
    inputs: [],
    outputs: [],
    tags: [],
    namespace: undefined,
    confirms: [],
    after: [],
    program: undefined,
    ...rest,
  };
}

/** A dataset on S3, unless told otherwise. */
export function makeDataset(name: string, rest: Partial<Dataset> = {}): Dataset {
  return {
    name,
    writtenAs: name,
    kind: 'remote',
    type: 'pickle.PickleDataset',
    path: `s3://bucket/data/${name}.pkl`,
    pathKey: 'filepath',
    versioned: false,
    credentials: undefined,
    pattern: undefined,
    classError: undefined,
    usesFsspec: true,
    ...rest,
  };
}

export function makeProject(nodes: readonly Node[], catalog: readonly Dataset[]): Project {
  const pipeline: Pipeline = { name: '__default__', nodes };
  return {
    root: '/project',
    name: 'shop',
    packageName: 'shop',
    env: 'local',
    baseEnv: 'base',
    confSource: 'conf',
    pipelines: new Map([[pipeline.name, pipeline]]),
    catalog: new Map(catalog.map((dataset) => [dataset.name, dataset])),
    transcoded: new Map(),
    parameters: [],
    credentials: undefined,
    fileSystems: new Map(),
  };
}
