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
}
