import { readFileSync } from 'node:fs';
import type { Inputs } from '../model/answer-cache.ts';
import type { FileReader } from '../util/file-reader.ts';
import { fingerprint, hash, kindOf, namesIn } from './fingerprint.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Files and variables, and what was seen of them so far. */
export interface Recorder {
  readonly files: FileReader;
  readonly variables: Variables;
  inputs(): Inputs;
}

/** What is noted of a file is what was read: it may be another one a moment later. */
export function recorder(variables: Variables): Recorder {
  const paths: Record<string, string> = {};
  const names = new Set<string>();
  const see = <T>(key: string, look: () => { found: T; print: string }): T | undefined => {
    try {
      const { found, print } = look();
      paths[key] ??= print;
      return found;
    } catch {
      paths[key] ??= fingerprint(key);
      return undefined;
    }
  };
  return {
    files: {
      text: (path) =>
        see(`content:${path}`, () => {
          const content = readFileSync(path);
          return { found: content.toString('utf8'), print: hash(content) };
        }),
      names: (folder) =>
        see(`names:${folder}`, () => {
          const found = namesIn(folder);
          return { found, print: hash(found.join('\n')) };
        }) ?? [],
      kind: (path) =>
        see(`kind:${path}`, () => {
          const found = kindOf(path);
          return { found, print: found };
        }) ?? 'absent',
    },
    variables: new Proxy(variables, {
      get: (all, name) => {
        if (typeof name === 'string') names.add(name);
        return Reflect.get(all, name) as string | undefined;
      },
    }),
    inputs: () => ({ paths, variables: [...names].sort() }),
  };
}
