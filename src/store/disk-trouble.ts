import type { ServiceTrouble } from '../model/trouble.ts';

const FULL = 'free space there';
const FORBIDDEN = 'make it writable for this user, or run from a copy of the project';
const IN_THE_WAY = 'move away what stands in its place: Wherry keeps its own files there';

/** What a disk refuses by itself, by Node's name for it (errno(3)), and what to do about it. */
const HELP: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: FORBIDDEN,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOTDIR: IN_THE_WAY,
  EISDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  EIO: 'look at the disk: it fails',
};

/** An error of the file system that is nobody's mistake in code; undefined for any other. */
export function diskTrouble(error: unknown): ServiceTrouble | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', syscall, path } = error as NodeJS.ErrnoException;
  const help = HELP[code];
  if (help === undefined || syscall === undefined) return undefined;
  return {
    kind: 'refused',
    service: 'a file of Wherry',
    operation: syscall,
    detail: error.message,
    help: `${help}${path === undefined ? '' : ` (${path})`}; a run that was under way goes on with wherry resume`,
  };
}
