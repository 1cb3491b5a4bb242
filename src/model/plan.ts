import type { DatasetKind } from './project.ts';

export const GROUPINGS = ['memory', 'node', 'namespace', 'tag', 'pipeline'] as const;

/** The rule that maps nodes to tasks. */
export type Grouping = (typeof GROUPINGS)[number];

export interface TaskSize {
  readonly vcpu: number;
  readonly memoryMiB: number;
}

/** One or more nodes that run together in one container: the unit of scheduling, retry, size and cost. */
export interface PlanTask extends TaskSize {
  readonly name: string;
  /** In execution order. */
  readonly nodes: readonly string[];
  readonly dependsOn: readonly string[];
  /** What its nodes read and none of them writes, parameters excluded. */
  readonly reads: readonly string[];
  /** What it persists or another task reads. */
  readonly writes: readonly string[];
  /** Those of `writes` that the catalog does not persist. */
  readonly spills: readonly string[];
  /** How many of its nodes may run at once. */
  readonly parallelism: number;
  /** Null for a task definition that is the user's. */
  readonly image: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** How long an attempt may take, where it is not what the settings say of all tasks. */
  readonly timeoutMs?: number;
  /** How long its nodes are expected to take together, where all of them say so. */
  readonly estimate?: { readonly seconds: number };
  /** The logical command; the engine wraps it in what delivers the step. */
  readonly command: readonly string[];
}

/** A dataset written in one task and read in others. */
export interface BoundaryDataset {
  readonly name: string;
  readonly kind: DatasetKind;
  readonly storage: 'catalog' | 'spill';
  /** Task names. */
  readonly producer: string;
  readonly consumers: readonly string[];
}

/**
 * An engine-neutral DAG of tasks, as `plan --format json` prints it and as the step reads it (the manifest).
 * Tasks in topological order, ties by name.
 */
export interface Plan {
  readonly version: 1;
  /** SHA-256, hex, of all of the plan but `planHash` itself, the images and the estimates. */
  readonly planHash: string;
  readonly project: string;
  readonly packageName: string;
  readonly pipeline: string;
  readonly env: string;
  readonly confSource: string;
  readonly grouping: Grouping;
  readonly tasks: readonly PlanTask[];
  readonly boundaryDatasets: readonly BoundaryDataset[];
  /** Local path prefixes and the URLs that stand for them in the container. */
  readonly paths: Readonly<Record<string, string>>;
  /** Runtime parameters. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly loadVersions: Readonly<Record<string, string>>;
  /** What runs the nodes of a pipeline.yml; undefined for a Kedro project, whose own code knows its nodes. */
  readonly programs?: Programs;
}

/** What a step needs to run nodes that are programs. */
export interface Programs {
  readonly nodes: Readonly<Record<string, NodeProgram>>;
  /** The path or URL of each dataset that has one. */
  readonly datasets: Readonly<Record<string, string>>;
}

export interface NodeProgram {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The variable that holds the path of each input. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}
