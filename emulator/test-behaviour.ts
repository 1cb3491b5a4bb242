import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A statement of BEHAVIOUR.md: a list item or a row of a table, with its name. */
export interface Statement {
  readonly line: number;
  /** Undefined where it has none. */
  readonly id: string | undefined;
  readonly text: string;
}

export const BEHAVIOUR_TESTS = join(import.meta.dirname, 'behaviour');

/** The statements, in their order: whatever is an item or a row must have a name and a test; prose need not. */
export function statements(): Statement[] {
  const lines = readFileSync(join(import.meta.dirname, 'BEHAVIOUR.md'), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const [, id, text = ''] = /^(?:- |\| )(?:\*\*([a-z0-9-]+)\*\* ?)?(.*)$/.exec(line) ?? [];
    const isHeadOfTable = text.startsWith('| ') && id === undefined;
    return text === '' || isHeadOfTable ? [] : [{ line: index + 1, id, text }];
  });
}

/** The names that the Python tests have, of methods (`test_a_b`) and of rows of tables (`"a-b": (…)`). */
export function testNames(): string[] {
  return readdirSync(BEHAVIOUR_TESTS)
    .filter((name) => /^test_.*[.]py$/.test(name))
    .flatMap((name) => {
      const code = readFileSync(join(BEHAVIOUR_TESTS, name), 'utf8');
      return [...code.matchAll(/^ {4}def test_(\w+)\(self|^ {8}"([a-z0-9-]+)": \(/gm)];
    })
    .map(([, method, row]) => method?.replaceAll('_', '-') ?? row ?? '');
}
