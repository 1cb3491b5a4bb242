import type { ConfigValues } from '../config/schema.ts';
import type { Plan } from '../model/plan.ts';
import type { TargetId } from '../model/target-id.ts';

/** A file to write, its path relative to the output folder. */
export interface Artifact {
  readonly path: string;
  readonly content: string;
}

export interface CompileRequest {
  readonly plan: Plan;
  readonly settings: ConfigValues;
  /** Where spilled data, step and manifest are; undefined where nothing says so. */
  readonly spill: string | undefined;
  /** Undefined: whoever runs the artifact knows it. */
  readonly region: string | undefined;
  /** `family:revision` by family, where the settings ask for what is known now. */
  readonly revisions: ReadonlyMap<string, string>;
  /** The text of `bridge/bootstrap.py`, and the hex SHA-256 of `bridge/step.py`. */
  readonly bootstrap: string;
  readonly stepHash: string;
  readonly sha256: (text: string) => string;
  /** Base64 of zlib. */
  readonly deflate: (text: string) => string;
}

/** A system that Wherry writes files for. Pure: the same request gives the same bytes. What it cannot do, a rule of `check` says. */
export interface Target {
  readonly id: TargetId;
  /** Where its files go when nothing says so, relative to the project. */
  readonly outputFolder: string;
  compile(request: CompileRequest): readonly Artifact[];
}
