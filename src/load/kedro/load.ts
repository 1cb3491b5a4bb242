import { join, resolve } from 'node:path';
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { type Span, spanOfLine } from '../../diagnostics/span.ts';
import type { Inputs } from '../../model/answer-cache.ts';
import type { FileReader } from '../../util/file-reader.ts';
import { findPython, type PythonCandidate } from '../find-python.ts';
import type { Loaded, Loader, LoadRequest, LoadResult } from '../loader.ts';
import { catalogFiles } from './catalog-files.ts';
import { filesOfCredentials } from './conf-files.ts';
import { aliasBombs, confMistakes } from './conf-mistakes.ts';
import { describeProject } from './describe.ts';
import { nodeLocator } from './locate-node.ts';
import { lowerProject } from './lower.ts';
import type { BridgeProblem, Description } from './protocol.ts';

/** Loads a Kedro project through the Python beside Kedro. */
export const kedroLoader: Loader = {
  sign: 'pyproject.toml with [tool.kedro]',
  recognises: ({ root, files }) => /^\s*\[tool\.kedro\]/m.test(files.text(join(root, 'pyproject.toml')) ?? ''),
  load: loadKedroProject,
};

async function loadKedroProject(request: LoadRequest): Promise<LoadResult> {
  const described = await describeKedro(request);
  return 'description' in described ? interpretDescription(described.description, described) : described;
}

/** What the project's Kedro says of it, which is all that Python is started for; or why it says nothing. */
export async function describeKedro(
  request: LoadRequest,
): Promise<(Interpretation & { readonly description: Description }) | Exclude<LoadResult, Loaded>> {
  const { root, files, tell = () => {} } = request;
  const { found, tried } = await findPython({ root, asked: request.python, variables: request.variables });
  if (found === undefined) return { kind: 'failed', diagnostics: [pythonMissing(tried)] };
  tell(`Python: ${found.path} (${found.origin})`);
  const { confSource = 'conf', env = 'local' } = request;
  const bombs = aliasBombs({ root, confSource, files, envs: [env, 'base'] });
  if (bombs.length > 0) return { kind: 'failed', diagnostics: bombs };

  const described = await describeProject({
    ...request,
    python: found.path,
    script: join(request.bridge, 'describe.py'),
  });
  if (!described.ok) return { kind: 'failed', diagnostics: [bridgeDied(found, described.status, described.stderr)] };

  for (const { traceback } of described.description.problems) if (traceback) tell(traceback);
  return { description: described.description, inputs: described.inputs, root, files, python: found.path, tried };
}

export interface Interpretation {
  readonly root: string;
  readonly files: FileReader;
  readonly inputs: Inputs | undefined;
  /** The Python that gave the description, and the places that were looked at to find it. */
  readonly python: string;
  readonly tried: readonly PythonCandidate[];
}

/** What the bridge said, as a project or as findings. */
export function interpretDescription(
  description: Description,
  { root, files, inputs, python, tried }: Interpretation,
): LoadResult {
  const asked = description.problems.find(({ kind }) => kind === 'env-missing' || kind === 'pipeline-unknown');
  if (asked !== undefined) return { kind: 'usage', message: asked.message };
  const { confSource, env, baseEnv, kedroVersion } = description;
  const conf = { root, confSource, files, envs: [env, baseEnv], kedroVersion };
  const diagnostics = description.problems.flatMap((found) => {
    const span = placeOf(found, root, files);
    return found.kind === 'config' ? confMistakes(found, span, conf) : describeProblem(found, tried, span);
  });
  if (description.problems.some(({ kind }) => kind !== 'pipeline-dropped')) return { kind: 'failed', diagnostics };
  const project = lowerProject(description, root);
  const { locate: locateDataset, secrets: secretsInCatalog } = catalogFiles(project, files);
  return {
    kind: 'loaded',
    project,
    python,
    diagnostics,
    inputs,
    locateDataset,
    locateNode: nodeLocator(project, files),
    secretsInCatalog,
    filesOfCredentials: (name) => filesOfCredentials(name, { ...project, files }),
  };
}

function pythonMissing(tried: readonly PythonCandidate[]): Diagnostic {
  return diagnostic('project/python-missing', {
    message: 'No Python was found to load the project with',
    why: 'pipelines and catalog are read by the Kedro of your project',
    help: `name one with --python PATH, or make a .venv in the project. Tried: ${listTried(tried)}`,
  });
}

function bridgeDied(python: PythonCandidate, status: number | string, stderr: string): Diagnostic {
  return diagnostic('project/import-failed', {
    message: `${python.path} ended with ${status} before it had described the project`,
    why: 'without the pipelines there is nothing to plan',
    help: `the end of what it said:\n${stderr.trim() || '(nothing)'}`,
  });
}

function describeProblem(
  problem: BridgeProblem,
  tried: readonly PythonCandidate[],
  span: Span | undefined,
): Diagnostic {
  const error = problem.exception ? `${problem.exception}: ${problem.message}` : problem.message;
  const tag = /'([^']+)' is not a valid node tag/.exec(problem.message)?.[1];
  if (tag !== undefined) return oldTag(tag, span);
  switch (problem.kind) {
    case 'kedro-missing':
      return diagnostic('project/kedro-missing', {
        message: `The Python that was found has no Kedro (${error})`,
        why: 'the project is read by its own Kedro',
        help: `install the project's requirements there, or name another with --python PATH. Tried: ${listTried(tried)}`,
      });
    case 'pipeline-dropped':
      return diagnostic('project/pipeline-dropped', {
        message: `Kedro left out the pipeline of '${problem.module ?? 'a module'}': ${error}`,
        why: 'Kedro only warns, and the run would end well without these nodes',
        help: 'mend the import, or remove the module from the pipelines folder',
        span,
      });
    default:
      return diagnostic('project/import-failed', {
        message: `The project cannot be imported: ${error}`,
        why: 'without the pipelines there is nothing to plan',
        help: 'mend it so that `kedro registry list` works',
        span,
      });
  }
}

/** `resources:big` and `group:x`, which kedro-airflow-k8s read, are no tags since Kedro 0.19. */
function oldTag(tag: string, span: Span | undefined): Diagnostic {
  const dotted = tag.replace(/[^\w.-]+/g, '.');
  return diagnostic('project/old-tag', {
    message: `Kedro does not take the tag '${tag}'`,
    why: 'since Kedro 0.19 a tag has letters, digits, hyphens, underscores and dots only, and the whole pipeline is left out',
    help: `write '${dotted}', which means the same to Wherry`,
    span,
  });
}

/** The line that failed, where the bridge names one and the file can be read. */
function placeOf({ file, line }: BridgeProblem, root: string, files: FileReader): Span | undefined {
  const text = file ? files.text(resolve(root, file)) : undefined;
  return file && text !== undefined ? spanOfLine({ path: file, text }, line ?? 1) : undefined;
}

function listTried(tried: readonly PythonCandidate[]): string {
  return tried.map(({ origin, path }) => `${origin} (${path})`).join(', ');
}
