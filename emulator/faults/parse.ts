import { LineCounter, parseDocument } from 'yaml';
import { isOperation } from './matcher.ts';
import { type FaultsFile, faultsSchema } from './schema.ts';

/**
 * Faults from YAML, or from JSON, which is YAML. Throws an error whose message has a line for each thing that is wrong,
 * with its place: `3:5: …`.
 */
export function parseFaults(text: string, operations: readonly string[]): FaultsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new Error(document.errors.map(({ pos, message }) => `${place(pos[0])}: ${message}`).join('\n'));
  const parsed = faultsSchema.safeParse(document.toJS() ?? {});
  const problems = parsed.success ? unknownOperations(parsed.data, operations) : parsed.error.issues;
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new Error(problems.map((one) => `${place(offsetOf(document, one.path))}: ${sentence(one)}`).join('\n'));
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** An operation that is misspelt would never be hit. */
function unknownOperations({ requests }: FaultsFile, known: readonly string[]): Problem[] {
  return requests.flatMap(({ operation = [] }, index) =>
    operation
      .filter((name) => !known.some((one) => isOperation(name, one)))
      .map((name) => ({ path: ['requests', index, 'operation'], message: `the emulator has no operation '${name}'` })),
  );
}

/** Where the value is, or the nearest one around it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  const range = (node as { range?: readonly [number, number, number] } | undefined)?.range;
  if (range !== undefined && range !== null) return range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1));
}

function sentence({ path, message }: Problem): string {
  const name = path.length === 0 ? '' : path.join('.');
  if (message.endsWith('received undefined')) return `${name} is missing`;
  return [name, message.replace(/^Invalid input: /, '')].filter(Boolean).join(': ');
}
