import { join } from 'node:path';
import { describeIssues } from '../../diagnostics/describe-issues.ts';
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import type { SourceFile } from '../../diagnostics/span.ts';
import { NO_INPUTS } from '../../model/answer-cache.ts';
import { readYaml, type YamlDocument } from '../../util/yaml-document.ts';
import { findPython } from '../find-python.ts';
import type { Loader, LoadRequest, LoadResult } from '../loader.ts';
import { checkNodes, type Locate, type PlacedNode } from './check-nodes.ts';
import { lowerPipeline } from './lower.ts';
import { nodeSchema, pipelineSchema } from './schema.ts';

const FILE_NAMES = ['pipeline.yml', 'pipeline.yaml'];

/** Loads a pipeline of programs in any language. */
export const yamlLoader: Loader = {
  sign: 'pipeline.yml',
  recognises: (request) => findFile(request) !== undefined,
  load,
};

function findFile({ root, files }: Pick<LoadRequest, 'root' | 'files'>): string | undefined {
  return FILE_NAMES.find((name) => files.kind(join(root, name)) === 'file');
}

/** Where a pipeline.yml has no folder for the environment, as with Kedro. */
const DEFAULT_ENV = 'local';

async function load(request: LoadRequest): Promise<LoadResult> {
  const { root, env, variables, files } = request;
  const confSource = request.confSource ?? 'conf';
  if (env !== undefined && files.kind(join(root, confSource, env)) !== 'folder')
    return { kind: 'usage', message: `There is no environment '${env}': ${join(confSource, env)} is no folder.` };
  const path = findFile(request) ?? 'pipeline.yml';
  const source: SourceFile = { path, text: files.text(join(root, path)) ?? '' };
  const document = readYaml(source.text);
  const locate: Locate = (at, part) => {
    const range = document.range(at, part);
    return range && { file: source, ...range };
  };
  const diagnostics = findings(document, source, locate);
  const parsed = document.errors.length === 0 ? pipelineSchema.safeParse(document.value) : undefined;
  if (!parsed?.success || diagnostics.length > 0) return { kind: 'failed', diagnostics };

  const project = lowerPipeline(parsed.data, { root, env: env ?? DEFAULT_ENV, baseEnv: 'base', confSource });
  const indexOf = new Map(parsed.data.nodes.map(({ name }, index) => [name, index]));
  const { found } = await findPython({ root, asked: request.python, variables });
  return {
    kind: 'loaded',
    project,
    python: found?.path ?? 'python3',
    diagnostics: [],
    inputs: NO_INPUTS,
    locateDataset: ({ name }, key) => locate(['datasets', name, ...(key === undefined ? [] : [key])]),
    locateNode: ({ name }) => locate(['nodes', indexOf.get(name) ?? 0, 'name']),
    // Its datasets have paths and nothing else.
    secretsInCatalog: () => [],
    filesOfCredentials: () => [],
  };
}

/** Everything that is wrong with the file: what its form is not, and what those nodes say that have the right form. */
function findings(document: YamlDocument, source: SourceFile, locate: Locate): Diagnostic[] {
  const { errors, value } = document;
  if (errors.length > 0) {
    return errors.map(({ message, start, end }) =>
      diagnostic('pipeline/syntax', {
        message: `${source.path} is not valid YAML: ${message}`,
        why: 'none of its nodes can be read',
        span: { file: source, start, end },
      }),
    );
  }
  const parsed = pipelineSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return checkNodes(placed(parsed.data.nodes), parsed.data.datasets, locate);
  const codes = { invalid: 'pipeline/invalid', unknownKey: 'pipeline/unknown-key' } as const;
  const misshapen = describeIssues(parsed.error.issues, { schema: pipelineSchema, locate, codes });
  return [...misshapen, ...checkNodes(wellFormed(value), undefined, locate)];
}

function placed(nodes: readonly PlacedNode['node'][]): PlacedNode[] {
  return nodes.map((node, index) => ({ node, index }));
}

function wellFormed(value: unknown): PlacedNode[] {
  const { nodes } = (value ?? {}) as { nodes?: unknown };
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((entry, index): PlacedNode[] => {
    const parsed = nodeSchema.safeParse(entry);
    return parsed.success ? [{ node: parsed.data, index }] : [];
  });
}
