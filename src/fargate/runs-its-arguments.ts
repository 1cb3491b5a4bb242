const WRAPPERS = new Set([
  'tini',
  'dumb-init',
  'catatonit',
  'env',
  'nice',
  'setsid',
  'opentelemetry-instrument',
  'ddtrace-run',
]);
/** They run what follows `run`, in an environment of theirs. */
const RUNNERS = new Set(['conda', 'mamba', 'micromamba', 'uv', 'poetry', 'pipenv', 'pdm']);
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh']);
const ARGUMENTS = /(^|[\s;&])(exec\s+)?"?\$@"?\s*$/;

/** Whether an entry point is known to run the command that is given to it as arguments. */
export function runsItsArguments([program = '', ...words]: readonly string[]): boolean {
  const name = program.split('/').at(-1) ?? '';
  if (WRAPPERS.has(name)) return true;
  if (RUNNERS.has(name)) return words.find((word) => !word.startsWith('-')) === 'run';
  if (!SHELLS.has(name)) return false;
  const script = words.findIndex((word) => /^-[a-z]*c$/.test(word)) + 1;
  // The word after the script is `$0`: without one, that would be the command's first.
  return script > 0 && ARGUMENTS.test(words[script] ?? '') && words.length > script + 1;
}
