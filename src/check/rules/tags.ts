import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { RUN_ID_TAG } from '../../fargate/run-task-request.ts';
import { cut } from '../../util/cut.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** Amazon ECS API reference, Tag. */
const MOST = 50;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const OF_AWS = /^aws:/i;

const OURS = { why: 'by it the tasks of a run are found', help: 'leave it out, or call yours something else' };
const REFUSED = {
  why: 'ECS would refuse to start any task',
  help: `a key has 1 to ${LONGEST_KEY} characters and a value up to ${LONGEST_VALUE}: letters, digits, spaces and any of '_.:/=+-@', not beginning with aws:`,
};

/** Tags that ECS refuses, and those by which Wherry finds its own tasks. */
export const tags: Rule = (context) => {
  if (context.engine !== 'aws-fargate') return [];
  const entries = Object.entries(context.config.values.execution_engine.tags);
  return [...entries.flatMap((entry) => malformed(entry, context)), ...tooMany(entries, context)];
};

function malformed([key, value]: [string, string], { config }: CheckContext): Diagnostic[] {
  if (placeholderIn(value) !== undefined) return [];
  const wrong = keyFault(key);
  const fault = wrong ?? valueFault(value);
  if (fault === undefined) return [];
  return [
    diagnostic('config/malformed-tag', {
      message: `the tag '${cut(key)}' ${fault}`,
      ...(key === RUN_ID_TAG ? OURS : REFUSED),
      span: config.locate(['execution_engine', 'tags', key], wrong === undefined ? 'value' : 'key'),
    }),
  ];
}

function keyFault(key: string): string | undefined {
  if (key === RUN_ID_TAG) return "is one of Wherry's own";
  if (key === '') return 'has no key';
  if (OF_AWS.test(key)) return 'begins with aws:, which is reserved for AWS';
  if ([...key].length > LONGEST_KEY) return `has a key of ${[...key].length} characters`;
  return CHARACTERS.test(key) ? undefined : 'has a character in its key that AWS does not take';
}

function valueFault(value: string): string | undefined {
  if (OF_AWS.test(value)) return `has the value '${cut(value)}', which begins with aws:`;
  if ([...value].length > LONGEST_VALUE) return `has a value of ${[...value].length} characters`;
  return CHARACTERS.test(value) ? undefined : `has the value '${cut(value)}', with a character that AWS does not take`;
}

function tooMany(entries: readonly [string, string][], { config }: CheckContext): Diagnostic[] {
  const [key] = entries[MOST - 1] ?? [];
  if (key === undefined) return [];
  return [
    diagnostic('config/malformed-tag', {
      message: `there are ${entries.length} tags, and with '${RUN_ID_TAG}', which Wherry adds, ${entries.length + 1}`,
      why: `a task has up to ${MOST}: ECS would refuse to start any`,
      help: `keep ${MOST - 1} of them`,
      span: config.locate(['execution_engine', 'tags', key], 'key'),
    }),
  ];
}
