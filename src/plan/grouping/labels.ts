/** A label for each node: nodes with equal labels are to share a task. The labels themselves mean nothing. */
export type Labels = ReadonlyMap<string, string>;
