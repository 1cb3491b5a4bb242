import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readYaml } from '../src/util/yaml-document.ts';
import { examplePython, root } from './support/cli.ts';
import { yamlText } from './support/random-yaml.ts';

/** What Python made of it: `[type, value as text]`, with pairs in a map. */
type Typed =
  | readonly ['map', readonly (readonly [Typed, Typed])[]]
  | readonly ['list', readonly Typed[]]
  | readonly [string, string];

interface ReadByPython {
  readonly kedro: Typed;
  readonly pyYaml: Typed;
}

/** All in one process. */
async function asPythonReads(texts: readonly string[]): Promise<ReadByPython[]> {
  const python = await examplePython();
  const script = join(root, 'test', 'support', 'read-yaml.py');
  const { stdout, stderr } = spawnSync(python, [script], { input: JSON.stringify(texts), maxBuffer: 2 ** 30 });
  assert.equal(stderr.toString(), '');
  return JSON.parse(stdout.toString()) as ReadByPython[];
}

const FLOATS: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN };

function isSame(typed: Typed, value: unknown): boolean {
  const [type, read] = typed;
  switch (type) {
    case 'NoneType':
      return value === null;
    case 'bool':
      return value === (read === 'True');
    case 'int':
      // What a number cannot hold exactly is the text of it.
      return Number.isSafeInteger(Number(read)) ? value === Number(read) : value === read;
    case 'float':
      return Object.is(value, FLOATS[String(read)] ?? Number(read));
    case 'str':
      return value === read;
    case 'list': {
      const items = read as readonly Typed[];
      if (!Array.isArray(value) || value.length !== items.length) return false;
      return items.every((item, index) => isSame(item, value[index]));
    }
    case 'map': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      const items = new Map((read as readonly [Typed, Typed][]).map(([key, item]) => [keyOf(key), item]));
      if (Object.keys(value).length !== items.size) return false;
      return [...items].every(([key, item]) => isSame(item, (value as Record<string, unknown>)[key]));
    }
    default:
      return false;
  }
}

/** JavaScript has keys of text only. */
function keyOf([type, read]: Typed): string {
  if (type === 'NoneType') return '';
  if (type === 'bool') return String(read).toLowerCase();
  return type === 'float' ? String(FLOATS[String(read)] ?? Number(read)) : String(read);
}

/** `1e3` is text to PyYAML alone, and a date is no text. */
const OMEGACONFS_OWN = /\d[\d._]*e[-+]?\d|\d-\d/i;

/**
 * How the two readings compare. Here a key that stands twice as `7` and `'7'`, or as `~` both times, is a mistake; to Python it is
 * two keys, or the last of them (`stricter`). OmegaConf takes for duplicates what a merge has put into a map before it looks
 * at that; PyYAML reads it (`laxer`).
 */
function compare(
  text: string,
  { kedro, pyYaml }: ReadByPython,
): 'same' | 'refused' | 'stricter' | 'laxer' | 'different' {
  const { value, errors } = readYaml(text);
  const isPyYamls = pyYaml[0] === 'error' || OMEGACONFS_OWN.test(text) || isSame(pyYaml, value);
  if (kedro[0] !== 'error') {
    if (errors.length === 0) return isSame(kedro, value) && isPyYamls ? 'same' : 'different';
    return errors.every(({ message }) => /^the key .* is there already$/s.test(message)) ? 'stricter' : 'different';
  }
  if (errors.length > 0) return 'refused';
  return kedro[1].includes('found duplicate key') && pyYaml[0] !== 'error' && isPyYamls ? 'laxer' : 'different';
}

test('yaml: 4,000 texts mean what they mean to Kedro and to PyYAML, and what Kedro refuses is refused', async () => {
  const texts = fc.sample(yamlText, { numRuns: 4000, seed: 20261125 });
  const read = await asPythonReads(texts);
  const counts = { same: 0, refused: 0, stricter: 0, laxer: 0, different: 0 };
  for (const [index, text] of texts.entries()) {
    const python = read[index] as ReadByPython;
    const verdict = compare(text, python);
    counts[verdict]++;
    assert.notEqual(verdict, 'different', JSON.stringify({ text, kedro: python.kedro, ...readYaml(text) }));
  }
  assert.ok(counts.same > 2400 && counts.stricter + counts.laxer < 400, JSON.stringify(counts));
});
