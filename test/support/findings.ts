import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PrepareOptions, planAndCheck } from '../../src/cli/prepare.ts';
import { configSchema } from '../../src/config/schema.ts';
import { type Diagnostic, sortDiagnostics } from '../../src/diagnostics/diagnostic.ts';
import { reviewDefinition } from '../../src/engine/aws-fargate/review-definition.ts';
import { interpretDescription, kedroLoader } from '../../src/load/kedro/load.ts';
import { descriptionSchema } from '../../src/load/kedro/protocol.ts';
import type { LoadRequest, LoadResult } from '../../src/load/loader.ts';
import { yamlLoader } from '../../src/load/yaml/load.ts';
import { recorder } from '../../src/store/recorder.ts';
import { root } from './cli.ts';

/** A case: `options.json` (flags), `pipeline.yml` or `description.json` (what the bridge says; without either no Python is found), `conf/`, sources. */
export async function loadCase(folder: string, record = recorder({})): Promise<LoadResult> {
  const { files } = record;
  if (existsSync(join(folder, 'description.json')))
    return interpretDescription(descriptionSchema.parse(complete(read(folder, 'description.json'))), {
      root: folder,
      files,
      inputs: undefined,
      python: 'python3',
      tried: [{ origin: 'python3', path: '/usr/bin/python3' }],
    });
  return (existsSync(join(folder, 'pipeline.yml')) ? yamlLoader : kedroLoader).load(requestOf(folder, { files }));
}

/** What is asked where a user says no more than the folder. */
export function requestOf(root: string, more: Partial<LoadRequest> = {}): LoadRequest {
  return {
    root,
    env: undefined,
    pipeline: undefined,
    confSource: undefined,
    python: undefined,
    variables: {},
    bridge: '',
    cache: undefined,
    files: recorder({}).files,
    namedVariables: () => [],
    ...more,
  };
}

/**
 * What `wherry check` finds in a case; of one with `definition.json`, what DescribeTaskDefinition answers, what a run finds
 * in that.
 */
export async function findingsOf(folder: string): Promise<readonly Diagnostic[]> {
  if (existsSync(join(folder, 'definition.json'))) {
    const spill = 's3://shop/spill';
    return reviewDefinition(read(folder, 'definition.json'), { settings: configSchema.parse({}), spill });
  }
  const record = recorder({});
  const loaded = await loadCase(folder, record);
  assert.notEqual(loaded.kind, 'usage', loaded.kind === 'usage' ? loaded.message : '');
  if (loaded.kind !== 'loaded') return loaded.kind === 'failed' ? sortDiagnostics(loaded.diagnostics) : [];
  const options = {
    color: false,
    ...(existsSync(join(folder, 'options.json')) ? read(folder, 'options.json') : {}),
  } as PrepareOptions;
  const preparation = await planAndCheck(loaded, {
    options,
    host: { packageRoot: root },
    record,
    fillIn: (settings) => settings,
  });
  return preparation.ready ? preparation.prepared.diagnostics : preparation.diagnostics;
}

function read(folder: string, name: string): object {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
}

/** A case says only what matters to it. */
function complete(description: object): object {
  const {
    nodes = {},
    datasets = {},
    ...rest
  } = description as { nodes?: Record<string, object>; datasets?: Record<string, object> };
  const node = {
    function: 'f',
    file: null,
    line: null,
    inputs: [],
    outputs: [],
    tags: [],
    namespace: null,
    confirms: [],
  };
  const dataset = {
    type: 'pandas.CSVDataset',
    path: null,
    pathKey: 'filepath',
    table: null,
    versioned: false,
    credentials: null,
    pattern: null,
  };
  const filled = <T extends object>(items: Record<string, object>, base: T) =>
    Object.fromEntries(Object.entries(items).map(([name, item]) => [name, { ...base, ...item }]));
  return {
    version: 1,
    kedroVersion: '1.7.0',
    pythonVersion: '3.11.7',
    packageName: 'shop',
    projectName: 'Shop',
    env: 'local',
    baseEnv: 'base',
    confSource: 'conf',
    pipelines: { __default__: Object.keys(nodes) },
    parameters: [],
    problems: [],
    ...rest,
    nodes: filled(nodes, node),
    datasets: filled(datasets, dataset),
  };
}
