/** One user function with named inputs and outputs: the smallest unit of user code. */
export interface Node {
  readonly name: string;
  readonly function: string;
  /** Where the function is defined, relative to the project's root. */
  readonly source: { readonly file: string; readonly line: number } | undefined;
  /** In the function's order. A transcoding suffix (`name@pandas`) is kept: see `datasetName`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly tags: readonly string[];
  /** Dotted, or undefined. */
  readonly namespace: string | undefined;
  readonly confirms: readonly string[];
  /** Nodes that must have ended before, though it reads nothing of theirs. */
  readonly after: readonly string[];
  /** What a pipeline.yml says of it besides; undefined for a node of Kedro's. */
  readonly program: Program | undefined;
}

/** A node that is a program in any language, as a pipeline.yml has it. */
export interface Program {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly vcpu: number | undefined;
  readonly memoryMiB: number | undefined;
  /** How many; Fargate has none. */
  readonly gpu: number | undefined;
  /** Undefined: the settings' image. */
  readonly image: string | undefined;
  /** How long it is expected to take. */
  readonly seconds: number | undefined;
  /** Whether it must have a container to itself. */
  readonly isAlone: boolean;
}

/** Where a dataset's bytes are: in the process, on this machine's disk, elsewhere (S3, a database, an API), or a parameter. */
export type DatasetKind = 'memory' | 'local' | 'remote' | 'parameter';

export interface Dataset {
  readonly name: string;
  /** How nodes write it: with a transcoding suffix, where it has one. */
  readonly writtenAs: string;
  readonly kind: DatasetKind;
  /** The class as the catalog writes it; undefined where no entry defines the dataset. */
  readonly type: string | undefined;
  /** As written, after Kedro's interpolation and factory patterns: a path or a URL. */
  readonly path: string | undefined;
  /** The catalog key under which `path` stands. */
  readonly pathKey: string | undefined;
  readonly versioned: boolean;
  /** The name of the credentials, never their content. */
  readonly credentials: string | undefined;
  /** The factory pattern that gave the definition. */
  readonly pattern: string | undefined;
  /** Why the Python that was found has no such class. */
  readonly classError: string | undefined;
  /** Whether its class opens paths through fsspec, and so needs the package of their protocol. */
  readonly usesFsspec: boolean;
}

/** The package by which fsspec speaks a protocol. */
export interface FileSystem {
  readonly package: string;
  /** In the Python that was found. */
  readonly installed: boolean;
  /** Whether the project's requirements bring it; null where they are nowhere to be found. */
  readonly required: boolean | null;
}

/** A DAG of nodes joined by dataset names. `nodes` are in topological order. */
export interface Pipeline {
  readonly name: string;
  readonly nodes: readonly Node[];
}

/** Everything loaded from one place. */
export interface Project {
  /** The folder that holds it, absolute. */
  readonly root: string;
  /** The slug under which Wherry names things that it owns. */
  readonly name: string;
  readonly packageName: string;
  /** The Kedro environment, as Kedro resolved it. */
  readonly env: string;
  /** The environment whose configuration lies under that of `env`. */
  readonly baseEnv: string;
  /** Relative to the root. */
  readonly confSource: string;
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  /** Every dataset that a node reads or writes, parameters excluded, by name without transcoding suffix. */
  readonly catalog: ReadonlyMap<string, Dataset>;
  /** Those that are written with several suffixes: what each of them says of the same bytes. */
  readonly transcoded: ReadonlyMap<string, readonly Dataset[]>;
  readonly parameters: readonly string[];
  /** Names of the credentials that the environment defines; undefined where nothing tells. */
  readonly credentials: readonly string[] | undefined;
  /** By protocol: `s3`. */
  readonly fileSystems: ReadonlyMap<string, FileSystem>;
}

/** A dataset's name without Kedro's transcoding suffix: `cars@spark` and `cars@pandas` are the same bytes. */
export function datasetName(written: string): string {
  const at = written.indexOf('@');
  return at === -1 ? written : written.slice(0, at);
}

/** Kedro's own rule for names that are parameters rather than data. */
export function isParameter(name: string): boolean {
  return name === 'parameters' || name.startsWith('params:');
}
