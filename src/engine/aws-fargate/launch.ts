import type { ConfigValues } from '../../config/schema.ts';
import type { Frozen } from '../engine.ts';
import type { Definition } from './resolve-definition.ts';

/** All that the RunTask requests of one run are made of, beside its plan: recorded when the run begins. */
export interface Launch {
  readonly settings: Pick<ConfigValues, 'execution_engine' | 'step'>;
  /** By the image of the tasks that run in it; null where the family is the user's. */
  readonly definitions: readonly (readonly [string | null, Definition])[];
  readonly spill: string | undefined;
  /** Hex SHA-256 of the step. */
  readonly stepHash: string;
  readonly bootstrap: readonly string[];
}

export function freeze(launch: Launch): Frozen {
  return { ...launch };
}

/** What `freeze` gave, after it was JSON for a while. */
export function thaw(frozen: Frozen): Launch {
  return frozen as Frozen & Launch;
}

/** Where the tasks of a run are. */
export function clusterOf(frozen: Frozen): string {
  return thaw(frozen).settings.execution_engine.cluster ?? 'default';
}
