/** Puts a spill URL and a key together. */
export function under(url: string, key: string): string {
  return `${url.replace(/\/+$/, '')}/${key}`;
}

/** Where the step is put: its name is its hash, so that two versions never get in each other's way. */
export function stepKey(sha256: string): string {
  return `steps/${sha256}.py`;
}

export function manifestKey(planHash: string): string {
  return `plans/${planHash}.json`;
}

export function runKey(runId: string, key: string): string {
  return `runs/${runId}/${key}`;
}

/** The container's command: a small program that fetches the step and runs it (bridge/PROTOCOL.md §3). */
export function bootstrapCommand(bootstrap: string): string[] {
  return ['python3', '-c', withoutComments(bootstrap)];
}

/** Whole-line comments, blank lines, wide indents and the docstring help the reader only; an override has 8192 characters in all. */
function withoutComments(python: string): string {
  return python
    .replace(/^("""|''')[\s\S]*?\1\n/, '')
    .split('\n')
    .filter((line) => !/^\s*(#.*)?$/.test(line))
    .map((line) => line.replace(/^ +/, (indent) => ' '.repeat(indent.length / 4)))
    .join('\n')
    .trim();
}
