import { closest, distance } from 'fastest-levenshtein';
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { type Dataset, datasetName, isParameter, type Node } from '../../model/project.ts';
import { append } from '../../util/topological-order.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** A pattern of placeholders only, such as `"{default}"`: it defines every dataset that has no entry, meant or misspelt. */
export const catchAll: Rule = (context) => {
  const written = namesOf(context.pipeline.nodes, 'outputs');
  const read = namesOf(context.pipeline.nodes, 'inputs');
  const caught = [...new Set([...written, ...read])].flatMap((name) => caughtBy(name, context));
  return [
    ...kept(
      caught.filter(({ name }) => written.has(name)),
      context,
    ),
    ...misspelt(caught, context),
  ];
};

function namesOf(nodes: readonly Node[], part: 'inputs' | 'outputs'): Set<string> {
  return new Set(nodes.flatMap((node) => node[part].filter((name) => !isParameter(name)).map(datasetName)));
}

interface Caught extends Dataset {
  readonly pattern: string;
}

function caughtBy(name: string, { project }: CheckContext): Caught[] {
  const dataset = project.catalog.get(name);
  if (dataset?.pattern === undefined || dataset.kind === 'memory') return [];
  const literal = dataset.pattern.replace(/\{[^{}]*\}/g, '');
  return /[A-Za-z0-9]/.test(literal) ? [] : [{ ...dataset, pattern: dataset.pattern }];
}

const SHOWN = 10;

/** A usual way to keep what would be in memory: it is told, and no more. */
function kept(caught: readonly Caught[], { locateDataset }: CheckContext): Diagnostic[] {
  const byPattern = new Map<string, Caught[]>();
  for (const dataset of caught) append(byPattern, dataset.pattern, dataset);
  return [...byPattern].map(([pattern, datasets]) => {
    const names = datasets.map(({ name }) => `'${name}'`);
    const [first] = datasets;
    return diagnostic('data/catch-all', {
      message: `the pattern '${pattern}' keeps what would be in memory: ${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`,
      why: `each is saved as ${first?.type} and loaded again: what does not survive that fails or comes back changed`,
      help: 'if only some are meant, give the pattern a part that their names have, such as "{name}_table"',
      span: first && locateDataset(first),
    });
  });
}

/** Nobody writes it, no entry names it, and another name is near. Without the pattern Kedro would say that it is not there. */
function misspelt(
  caught: readonly Caught[],
  { project, pipeline, locateDataset, locateNode }: CheckContext,
): Diagnostic[] {
  const written = namesOf(
    [...project.pipelines.values()].flatMap(({ nodes }) => nodes),
    'outputs',
  );
  const named = [...project.catalog.values()].filter(({ name, pattern }) => pattern === undefined || written.has(name));
  return caught.flatMap((dataset) => {
    const { name, pattern } = dataset;
    const near = written.has(name) ? undefined : nearName(name, named);
    const reader = pipeline.nodes.find(({ inputs }) => inputs.some((input) => datasetName(input) === name));
    if (near === undefined || reader === undefined) return [];
    return diagnostic('data/catch-all', {
      severity: 'warning',
      message: `'${reader.name}' reads '${name}', which no node writes and only the pattern '${pattern}' defines`,
      why: `it is looked for at '${dataset.path}'`,
      help: `did you mean '${near}'? If not, give '${name}' an entry of its own`,
      span: locateNode(reader),
      notes: [{ message: 'the pattern', span: locateDataset(dataset) }],
    });
  });
}

/** Names that differ in their numbers only are meant to. */
function nearName(name: string, datasets: readonly Dataset[]): string | undefined {
  const withoutDigits = (text: string) => text.replace(/\d+/g, '');
  const others = datasets
    .map((dataset) => dataset.name)
    .filter((other) => withoutDigits(other) !== withoutDigits(name));
  const near = others.length === 0 ? undefined : closest(name, others);
  return near !== undefined && distance(name, near) <= Math.min(2, name.length / 4) ? near : undefined;
}
