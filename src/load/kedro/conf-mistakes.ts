import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Span } from '../../diagnostics/span.ts';
import { readYaml } from '../../util/yaml-document.ts';
import { type ConfFile, type ConfPlace, readConfFiles } from './conf-files.ts';
import type { BridgeProblem } from './protocol.ts';

interface Conf extends ConfPlace {
  readonly envs: readonly string[];
}

/** Credentials are left out: their lines would be shown. */
const KINDS = ['catalog', 'parameters', 'globals'] as const;

/**
 * Why Kedro cannot load its configuration, in the places where that stands: its own message names another line, or none, and
 * some mistakes end in an error of its code.
 */
export function confMistakes(
  problem: BridgeProblem,
  span: Span | undefined,
  conf: Conf & { readonly kedroVersion: string | null },
): Diagnostic[] {
  const files = KINDS.flatMap((kind) => readConfFiles(kind, conf.envs, conf));
  // Kedro 0.18 fills in Jinja where the project's loader is told to.
  const read = conf.kedroVersion?.startsWith('0.18.')
    ? files.filter(({ source }) => !/\{[%#]/.test(source.text))
    : files;
  const mistakes = read.flatMap((file) => [...inForm(file), ...namesThatAreNoText(file)]);
  return mistakes.length > 0 ? mistakes : [notLoaded(problem, span, files)];
}

/**
 * Aliases that stand for so much that Kedro would never end: looked for before it is asked. A text without many of them is not
 * parsed.
 */
export function aliasBombs(conf: Conf): Diagnostic[] {
  return KINDS.flatMap((kind) => readConfFiles(kind, conf.envs, conf))
    .filter(({ source: { text } }) => countOf(text, /(?<=[\s:-])&\w/g) > 4 && countOf(text, /(?<=[\s:,[{-])\*\w/g) > 9)
    .flatMap(inForm)
    .filter(({ message }) => message.includes('the aliases stand for'));
}

function countOf(text: string, sign: RegExp): number {
  return [...text.matchAll(sign)].length;
}

function inForm({ source, document }: ConfFile): Diagnostic[] {
  const { errors, value } = document();
  const isMap = value === null || (typeof value === 'object' && !Array.isArray(value));
  const noMap = errors.length > 0 || isMap ? [] : [{ message: 'it holds no keys and values', start: 0, end: 1 }];
  return [...errors, ...noMap].map(({ message, start, end }) =>
    broken(`${source.path} is not what Kedro can read: ${message}`, { file: source, start, end }),
  );
}

/** `7:` or `yes:` at the top of a file, on which Kedro's own code fails. */
function namesThatAreNoText({ source, document }: ConfFile): Diagnostic[] {
  const names = Object.keys((document().value ?? {}) as object);
  return names.flatMap((name) => {
    const range = document().range([name], 'key');
    const written = range && source.text.slice(range.start, range.end);
    if (range === undefined || written === undefined || typeof readYaml(written).value === 'string') return [];
    return broken(`the name ${written} in ${source.path} is no text: put it in quotes`, { file: source, ...range });
  });
}

/** Kedro's own words, at the key that they name; else where the bridge saw it. */
function notLoaded(
  { exception, message }: BridgeProblem,
  span: Span | undefined,
  files: readonly ConfFile[],
): Diagnostic {
  const [said = message, key] = message.split(/\s+full_key: ([^\s]+)/);
  const variable = /^Interpolation key '(\w+)' not found/.exec(said)?.[1];
  return diagnostic('project/config-broken', {
    message: `The project's configuration cannot be loaded: ${exception ? `${exception}: ` : ''}${said}`,
    why: 'the catalog says where data goes',
    help: variable && `since Kedro 0.19 a value of globals.yml is written \${globals:${variable}}`,
    span: (key && placeOfKey(key, files)) || placeOfPattern(said, files) || span,
  });
}

/** OmegaConf joins keys by dots, which a dataset's name may have too. */
function placeOfKey(fullKey: string, files: readonly ConfFile[]): Span | undefined {
  for (const { source, document } of files) {
    const names = Object.keys((document().value ?? {}) as object);
    const name = names.find((one) => fullKey === one || fullKey.startsWith(`${one}.`));
    if (name === undefined) continue;
    const rest = fullKey
      .slice(name.length)
      .split(/[.[\]]+/)
      .filter(Boolean);
    const range = document().range([name, ...rest]) ?? document().range([name], 'key');
    if (range !== undefined) return { file: source, ...range };
  }
  return undefined;
}

/** What Kedro 0.18 names instead: `Failed to format pattern '${bucket}'`. */
function placeOfPattern(said: string, files: readonly ConfFile[]): Span | undefined {
  const pattern = /'(\$\{[^']+\})'/.exec(said)?.[1];
  const file = pattern === undefined ? undefined : files.find(({ source }) => source.text.includes(pattern))?.source;
  if (pattern === undefined || file === undefined) return undefined;
  const start = file.text.indexOf(pattern);
  return { file, start, end: start + pattern.length };
}

function broken(message: string, span: Span): Diagnostic {
  return diagnostic('project/config-broken', { message, why: 'the catalog says where data goes', span });
}
