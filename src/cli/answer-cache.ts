import { join } from 'node:path';
import type { AnswerCache } from '../model/answer-cache.ts';
import { fileAnswerCache } from '../store/file-answer-cache.ts';
import { fingerprint } from '../store/fingerprint.ts';
import { type GlobalOptions, VERSION } from './command.ts';
import type { Host } from './host.ts';

/** Commands that load a project take it. */
export interface CacheOptions {
  /** False by `--no-cache`. */
  readonly cache?: boolean;
}

/** The project's; undefined where nothing is to be taken from it, nor put into it. */
export function answerCache(
  root: string,
  { cache }: GlobalOptions & CacheOptions,
  { env: variables, packageRoot }: Pick<Host, 'env' | 'packageRoot'>,
): AnswerCache | undefined {
  if (cache === false) return undefined;
  // The names of the built files change with what is in them.
  const code = fingerprint(`names:${join(packageRoot, 'dist')}`);
  const programs = ['step.py', 'bootstrap.py'].map((name) =>
    fingerprint(`content:${join(packageRoot, 'bridge', name)}`),
  );
  const folder = join(root, '.wherry', 'cache');
  return fileAnswerCache({ folder, program: [VERSION, code, ...programs].join(' '), variables });
}
