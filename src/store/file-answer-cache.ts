import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerCache, Inputs, Question } from '../model/answer-cache.ts';
import { stableJson } from '../util/stable-json.ts';
import { fingerprint, hash } from './fingerprint.ts';
import { writeWhole } from './write-whole.ts';

export interface FileAnswerCacheOptions {
  readonly folder: string;
  /** Changes with every change of Wherry itself. */
  readonly program: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

interface Entry {
  /** Of all inputs together, so that the value of one variable cannot be guessed at; keyed by `salt`. */
  readonly digest: string;
  readonly salt: string;
  readonly paths: readonly string[];
  readonly variables: readonly string[];
  readonly answer: string;
}

const KEPT = 40;

/** Variables that count in any case: Kedro's and the interpreter's. */
const ALWAYS = ['KEDRO_*', 'PYTHON*'];

/** They change from one shell to the next: to go through all variables is not to look at these. */
const OF_THE_SHELL = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD']);

/**
 * One file an answer. What cannot be read, is damaged or was made by another version is not there; what cannot be
 * written is not kept. No value of a variable and no text of an input is in it.
 */
export function fileAnswerCache({ folder, program, variables }: FileAnswerCacheOptions): AnswerCache {
  const fileOf = (question: Question) => join(folder, `${hash(stableJson([program, question])).slice(0, 32)}.txt`);
  return {
    find: (question) => {
      const entry = readEntry(fileOf(question));
      if (entry === undefined) return undefined;
      const paths = Object.fromEntries(entry.paths.map((path) => [path, fingerprint(path)]));
      const digest = digestOf({ paths, variables: entry.variables }, variables, entry.salt);
      return digest === entry.digest
        ? { answer: entry.answer, inputs: { paths, variables: entry.variables } }
        : undefined;
    },
    keep: async (question, answer, inputs) => {
      const salt = randomBytes(16).toString('hex');
      const digest = digestOf(inputs, variables, salt);
      const entry: Entry = { digest, salt, paths: Object.keys(inputs.paths), variables: inputs.variables, answer };
      const text = JSON.stringify(entry);
      try {
        await writeWhole(join(folder, '.gitignore'), '*\n');
        await writeWhole(fileOf(question), `${hash(text)}\n${text}`);
        await prune(folder);
      } catch {
        // A folder that cannot be written to costs time, and no more.
      }
    },
  };
}

function readEntry(file: string): Entry | undefined {
  try {
    const written = readFileSync(file, 'utf8');
    const end = written.indexOf('\n');
    const text = written.slice(end + 1);
    return hash(text) === written.slice(0, end) ? (JSON.parse(text) as Entry) : undefined;
  } catch {
    return undefined;
  }
}

function digestOf({ paths, variables: names }: Inputs, all: FileAnswerCacheOptions['variables'], salt: string): string {
  const seen = [...names, ...ALWAYS].flatMap((name) => {
    if (!name.endsWith('*')) return name;
    return Object.keys(all).filter((other) => other.startsWith(name.slice(0, -1)) && !OF_THE_SHELL.has(other));
  });
  const values = Object.fromEntries(seen.map((name) => [name, all[name] ?? null]));
  return createHmac('sha256', salt)
    .update(stableJson([paths, values]))
    .digest('hex');
}

async function prune(folder: string): Promise<void> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => join(folder, name));
  const byAge = files.map((file) => ({ file, at: statSync(file).mtimeMs })).sort((a, b) => b.at - a.at);
  for (const { file } of byAge.slice(KEPT)) await rm(file, { force: true });
}
