import type { Span } from '../diagnostics/span.ts';
import type { KeyPath } from '../util/yaml-document.ts';
import type { ConfigValues } from './schema.ts';

/** Wherry's own settings for one Kedro environment, with the place of each. */
export interface Config {
  readonly values: ConfigValues;
  /** Files that gave values, relative to the project, most specific first; empty when there is none. */
  readonly files: readonly string[];
  /** Where a value (or its key) is written; undefined when it is a default. */
  locate(path: KeyPath, part?: 'value' | 'key'): Span | undefined;
  /** Keys, dotted, that were meant by ones that are spelt wrongly: they are not missing as well. */
  readonly misspelt: ReadonlySet<string>;
  /** The values that are made from variables. */
  readonly madeFrom: readonly MadeFrom[];
}

export interface MadeFrom {
  readonly span: Span;
  /** Names of environment variables. */
  readonly variables: readonly string[];
}
