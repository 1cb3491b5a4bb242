import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Located, Span } from '../diagnostics/span.ts';
import type { AnswerCache, Inputs } from '../model/answer-cache.ts';
import type { Dataset, Node, Project } from '../model/project.ts';
import type { FileReader } from '../util/file-reader.ts';

export interface LoadRequest {
  /** The project's folder, absolute. */
  readonly root: string;
  readonly env: string | undefined;
  readonly pipeline: string | undefined;
  readonly confSource: string | undefined;
  /** `--python`. */
  readonly python: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The folder of the programs in Python. */
  readonly bridge: string;
  /** Undefined: nothing of earlier is used, and nothing kept. */
  readonly cache: AnswerCache | undefined;
  readonly files: FileReader;
  /** For whoever wants to know more. */
  readonly tell?: (text: string) => void;
  /** Variables on which a project with these settings depends, as its user says. */
  readonly namedVariables: (place: Pick<Project, 'confSource' | 'env'>) => readonly string[];
}

/** A project, and where its parts are written. Places are looked up only when somebody asks. */
export interface Loaded {
  readonly kind: 'loaded';
  readonly project: Project;
  /** What runs the step on this machine. */
  readonly python: string;
  readonly diagnostics: readonly Diagnostic[];
  /** What it was made from beyond what `files` was asked for; undefined where that cannot be known. */
  readonly inputs: Inputs | undefined;
  readonly locateDataset: (dataset: Dataset, key?: string) => Span | undefined;
  readonly locateNode: (node: Node) => Span | undefined;
  /** Keys in the catalog's files, dotted, whose values look like secrets. */
  readonly secretsInCatalog: () => readonly Located<string>[];
  /** The files of any environment that define credentials of this name. */
  readonly filesOfCredentials: (name: string) => readonly string[];
}

/** `usage` is for what was asked wrongly (unknown env or pipeline): one sentence and what to do. */
export type LoadResult =
  | Loaded
  | { readonly kind: 'usage'; readonly message: string }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

/** Reads one kind of project into the model. */
export interface Loader {
  /** What makes a folder one of its projects, for a message. */
  readonly sign: string;
  recognises(request: Pick<LoadRequest, 'root' | 'files'>): boolean;
  load(request: LoadRequest): Promise<LoadResult>;
}
