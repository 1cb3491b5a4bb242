import { coverSecrets, hasSecretName } from '../util/secret.ts';
import type { KeyPath } from '../util/yaml-document.ts';
import type { DiagnosticCode } from './codes.ts';
import { type Diagnostic, diagnostic } from './diagnostic.ts';
import { nearest } from './nearest.ts';
import type { Span } from './span.ts';

/** What a zod schema has against a value, in zod's own words. */
interface SchemaIssue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly input?: unknown;
  readonly keys?: readonly string[];
  /** What is wrong with a key, where the code is `invalid_key`. */
  readonly issues?: readonly { readonly message: string }[];
}

interface IssueContext {
  /** The zod schema, to say which keys there are. */
  readonly schema: unknown;
  readonly locate: (path: KeyPath, part?: 'value' | 'key') => Span | undefined;
  readonly codes: { readonly invalid: DiagnosticCode; readonly unknownKey: DiagnosticCode };
}

/** Each issue as a finding at its place in the file that was read. */
export function describeIssues(issues: readonly SchemaIssue[], context: IssueContext): Diagnostic[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') return (issue.keys ?? []).map((key) => unknownKey([...path, key], context));
    return invalid(issue, path, context);
  });
}

function invalid({ code, message, input, issues }: SchemaIssue, path: KeyPath, context: IssueContext): Diagnostic {
  const { codes, locate } = context;
  const isMissing = input === undefined && message.endsWith('received undefined');
  const isKey = code === 'invalid_key';
  const reason = (isKey ? issues?.[0]?.message : undefined) ?? message;
  const isSaid = input === undefined || reason.includes("'") || reason.endsWith('received null');
  const got = isSaid || hasSecretName(String(path.at(-1))) ? '' : `, not '${shown(input)}'`;
  const problem = isMissing ? 'is missing' : plain(reason, got !== '');
  return diagnostic(codes.invalid, {
    message: [path.join('.'), `${problem}${got}`].filter(Boolean).join(isMissing ? ' ' : ': '),
    why: 'Wherry would have to guess what is meant',
    span: isKey ? locate(path, 'key') : locateNearest(path, locate),
  });
}

/** As much of a value as a line can take. */
function shown(value: unknown): string {
  const text = coverSecrets(typeof value === 'object' ? JSON.stringify(value) : String(value));
  const signs = [...text];
  return signs.length > 80 ? `${signs.slice(0, 80).join('')}…` : text;
}

/** `expected one of a, b` for zod's `Invalid option: expected one of "a"|"b"`, `expected boolean` where the value is told. */
function plain(reason: string, isTold: boolean): string {
  const options = /^Invalid option: (?<text>.*)$/.exec(reason)?.groups?.['text'];
  if (options !== undefined) return options.replaceAll('"|"', ', ').replaceAll('"', '');
  const bare = reason.replace(/^(Invalid input|Too small|Too big): /, '');
  return isTold ? bare.replace(/, received \w+$/, '') : bare;
}

/** The place of the value, or of what it stands in: `spill: x` has no `location` of its own. */
function locateNearest(path: KeyPath, locate: IssueContext['locate']): Span | undefined {
  const span = locate(path);
  return span !== undefined || path.length === 0 ? span : locateNearest(path.slice(0, -1), locate);
}

function unknownKey(path: KeyPath, { schema, locate, codes }: IssueContext): Diagnostic {
  const known = knownKeysAt(schema, path.slice(0, -1));
  const near = nearestKey(schema, path);
  return diagnostic(codes.unknownKey, {
    message: `Wherry knows no setting '${path.join('.')}'`,
    why: 'it would be ignored, and you would not notice',
    help:
      known.length === 0
        ? undefined
        : `${near === undefined ? 'known' : `did you mean '${near}'? Known`} here: ${known.join(', ')}`,
    span: locate(path, 'key'),
  });
}

/** The key that was meant by the last one of `path`, if any is near. */
export function nearestKey(schema: unknown, path: KeyPath): string | undefined {
  return nearest(String(path.at(-1)), knownKeysAt(schema, path.slice(0, -1)));
}

/** The keys that the schema has in the map at `path`. */
function knownKeysAt(schema: unknown, path: KeyPath): string[] {
  let found = schema;
  for (const key of path) found = shapeOf(found)?.[String(key)] ?? valueTypeOf(found);
  return Object.keys(shapeOf(found) ?? {}).sort();
}

interface SchemaNode {
  readonly shape?: Record<string, unknown>;
  readonly def?: {
    readonly innerType?: unknown;
    readonly out?: unknown;
    readonly valueType?: unknown;
    readonly element?: unknown;
  };
}

/** Looks through defaults, options and preprocessing for an object's keys. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const node = schema as SchemaNode | undefined;
  if (node?.shape !== undefined) return node.shape;
  const inner = node?.def?.innerType ?? node?.def?.out;
  return inner === undefined ? undefined : shapeOf(inner);
}

/** The schema of a record's values, or of a list's items. */
function valueTypeOf(schema: unknown): unknown {
  const def = (schema as SchemaNode | undefined)?.def;
  return def?.valueType ?? def?.element ?? (def?.innerType === undefined ? undefined : valueTypeOf(def.innerType));
}
