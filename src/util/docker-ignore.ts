import ignore from 'ignore';

export interface DockerIgnore {
  /** Whether a path, relative to the project, is kept out of the image. */
  ignores(path: string): boolean;
  /** Whether something below a folder that is kept out may be let in again. */
  readonly hasExceptions: boolean;
}

/**
 * The rules of a `.dockerignore` (docs.docker.com/build/concepts/context/#dockerignore-files). They are not git's: patterns begin
 * at the root, and the last one that matches a path or a folder above it decides, so that `data` and `!data/01_raw` let that
 * folder in. Each is therefore asked by itself.
 */
export function dockerIgnore(text: string): DockerIgnore {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const rules = lines.flatMap((line) => {
    const isException = line.startsWith('!');
    const pattern = line.slice(isException ? 1 : 0).replace(/^\s*\.?\/+|\/+$/g, '');
    if (pattern === '' || pattern === '.' || line.startsWith('#')) return [];
    return { isException, matcher: ignore({ ignorecase: false }).add(`/${pattern.trim()}`) };
  });
  return {
    ignores: (path) => path !== '' && !(rules.findLast(({ matcher }) => matcher.ignores(path))?.isException ?? true),
    hasExceptions: rules.some(({ isException }) => isException),
  };
}
