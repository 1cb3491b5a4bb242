import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

export interface PythonSearch {
  readonly root: string;
  /** `--python`. */
  readonly asked: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** A place that was looked at, as a user would name it. */
export interface PythonCandidate {
  readonly origin: string;
  readonly path: string;
}

/**
 * The Python to load the project with: `--python`, `$WHERRY_PYTHON`, the project's `.venv`, `$VIRTUAL_ENV`, `python3`.
 * What was asked for by name is taken or refused; the rest are tried in turn.
 */
export async function findPython(
  search: PythonSearch,
): Promise<{ found: PythonCandidate | undefined; tried: PythonCandidate[] }> {
  const tried: PythonCandidate[] = [];
  for (const candidate of candidates(search)) {
    tried.push(candidate);
    if (await isExecutable(candidate.path)) return { found: candidate, tried };
    if (candidate.origin === '--python' || candidate.origin === '$WHERRY_PYTHON') break;
  }
  return { found: undefined, tried };
}

function* candidates({ root, asked, variables }: PythonSearch): Generator<PythonCandidate> {
  if (asked) yield* named('--python', asked, variables);
  if (variables['WHERRY_PYTHON']) yield* named('$WHERRY_PYTHON', variables['WHERRY_PYTHON'], variables);
  yield { origin: "the project's .venv", path: join(root, '.venv', 'bin', 'python') };
  if (variables['VIRTUAL_ENV']) yield { origin: '$VIRTUAL_ENV', path: join(variables['VIRTUAL_ENV'], 'bin', 'python') };
  yield* onPath('python3', 'python3', variables);
}

/** A value with a slash is a path; else a command to look up. */
function* named(origin: string, value: string, variables: PythonSearch['variables']): Generator<PythonCandidate> {
  if (value.includes('/')) yield { origin, path: isAbsolute(value) ? value : resolve(value) };
  else yield* onPath(origin, value, variables);
}

function* onPath(origin: string, command: string, variables: PythonSearch['variables']): Generator<PythonCandidate> {
  const folders = (variables['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders) yield { origin, path: join(folder, command) };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
