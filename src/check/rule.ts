import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Located, Span } from '../diagnostics/span.ts';
import type { PredictedRun } from '../fargate/predicted-overrides.ts';
import type { Plan } from '../model/plan.ts';
import type { Dataset, Node, Pipeline, Project } from '../model/project.ts';
import type { TargetId } from '../model/target-id.ts';

/** What an image built from the project's folder will not hold. Paths are relative to it. */
export interface ImageContent {
  /** The ignore file that keeps a path out. */
  leftOutBy(path: string): IgnoreFile | undefined;
  /** The one that keeps out all of `conf/<env>`; undefined where a file of it passes, or there is none. */
  readonly envLeftOutBy: IgnoreFile | undefined;
  /** Catalog, parameters and globals that are kept out, of base and of an env that is not left out whole. */
  readonly confLeftOut: readonly { readonly path: string; readonly by: IgnoreFile }[];
  /** Whether the folder itself has such a file or folder. */
  isThere(path: string): boolean;
}

export type IgnoreFile = '.dockerignore' | '.gitignore';

/** What a rule sees. Places are looked up only when a rule asks. */
export interface CheckContext {
  readonly project: Project;
  readonly pipeline: Pipeline;
  readonly plan: Plan;
  readonly config: Config;
  /** Where tasks will run. */
  readonly engine: 'local' | 'aws-fargate';
  /** What the plan is compiled for; undefined where it is run from here. */
  readonly target: TargetId | undefined;
  /** The name of the DAG that is written; undefined where none is. */
  readonly dagId: string | undefined;
  /** Where spilled data goes; undefined where nothing says so. */
  readonly spill: string | undefined;
  readonly image: ImageContent;
  /** The programs by which a container runs its nodes. */
  readonly programs: Pick<PredictedRun, 'bootstrap' | 'stepHash' | 'deflate'>;
  readonly locateDataset: (dataset: Dataset, key?: string) => Span | undefined;
  readonly locateNode: (node: Node) => Span | undefined;
  /** Keys in the catalog's files, dotted, whose values look like secrets. */
  readonly secretsInCatalog: () => readonly Located<string>[];
  /** The files of any environment that define credentials of this name. */
  readonly filesOfCredentials: (name: string) => readonly string[];
}

/** One thing that can be wrong. Pure: the same context gives the same findings. */
export type Rule = (context: CheckContext) => readonly Diagnostic[];
