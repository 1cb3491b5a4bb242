/** What an answer was made from. */
export interface Inputs {
  /** `<aspect>:<absolute path>` and what was there: bridge/PROTOCOL.md §1. */
  readonly paths: Readonly<Record<string, string>>;
  /** Names of environment variables; `FSSPEC_*` stands for all that begin so, `*` for all. */
  readonly variables: readonly string[];
}

export const NO_INPUTS: Inputs = { paths: {}, variables: [] };

/** What was asked: plain data. */
export type Question = Readonly<Record<string, unknown>>;

export interface KeptAnswer {
  readonly answer: string;
  readonly inputs: Inputs;
}

/** Answers of earlier, each as good as new while all that it was made from is as it was. */
export interface AnswerCache {
  find(question: Question): KeptAnswer | undefined;
  keep(question: Question, answer: string, inputs: Inputs): Promise<void>;
}
