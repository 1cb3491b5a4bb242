import type { Prices, RunPolicy } from './run.ts';

/** What a run was begun with, recorded before its first task. Whoever takes it up goes on with this, not with today's settings. */
export interface LaunchRecord {
  readonly version: 1;
  /** Wherry's own version. */
  readonly wherry: string;
  /** The machine where it was begun. */
  readonly host: string;
  readonly engine: 'local' | 'aws-fargate';
  readonly saveVersion: string;
  readonly policy: RunPolicy;
  /** The AWS account, twelve digits; absent where it is none, or it could not be asked for. */
  readonly accountId?: string | undefined;
  /** Absent where tasks cost nothing. */
  readonly prices?: Prices | undefined;
  /** Where in-memory data that crosses tasks is kept, and how long after the run: what `spill` said. */
  readonly spill?: { readonly location: string; readonly keep: string } | undefined;
  /** Where the run's records are mirrored: its spill, where other machines can read that. */
  readonly mirror?: string | undefined;
  /** On the emulator: the images that stand for the project, and its Python. */
  readonly emulated?: { readonly images: readonly string[]; readonly python: string } | undefined;
  /** The settings by dotted name, and the project's files by path with the SHA-256 of each: of both a change is told. */
  readonly begunWith?:
    | { readonly settings: Readonly<Record<string, unknown>>; readonly files: Readonly<Record<string, string>> }
    | undefined;
  /** The engine's own part: plain data, no secrets. */
  readonly frozen: Readonly<Record<string, unknown>>;
}
