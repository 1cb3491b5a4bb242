import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { Node } from '../model/project.ts';
import { append } from '../util/topological-order.ts';
import { LONGEST_NAME, type Sourced, slugOf } from './task-names.ts';

interface NamedGroup extends Sourced {
  readonly name: string;
}

type LocateNode = (node: Node) => Span | undefined;

/** Names that tasks could not have as their nodes have them. */
export function describeNames(groups: readonly NamedGroup[], locate: LocateNode): Diagnostic[] {
  const bySlug = new Map<string, NamedGroup[]>();
  for (const group of groups) append(bySlug, slugOf(group), group);
  return [...bySlug].flatMap(([slug, alike]) => {
    // Several groups of one namespace are told apart by their endings, as they must be.
    const texts = new Set(alike.map(({ source }) => source));
    if (texts.size > 1) return clash(slug, alike, locate);
    return slug.length > LONGEST_NAME ? alike.map((group) => cut(slug, group, locate)) : [];
  });
}

function clash(slug: string, alike: readonly NamedGroup[], locate: LocateNode): Diagnostic[] {
  const [first, ...others] = alike;
  if (first === undefined) return [];
  const quoted = (texts: readonly string[]) => texts.map((text) => `'${text}'`).join(' and ');
  return [
    diagnostic('plan/name-clash', {
      message: `${quoted(alike.map(({ source }) => source))} would all be the task '${slug}'`,
      why: 'task names have lower-case letters, digits and hyphens only, so each gets an ending of its own',
      help: `leave it, and they are called ${quoted(alike.map(({ name }) => name))}; or let their names differ in letters or digits`,
      span: spanOf(first, locate),
      notes: others.map((group) => ({ message: `'${group.source}'`, span: spanOf(group, locate) })),
    }),
  ];
}

function cut(slug: string, group: NamedGroup, locate: LocateNode): Diagnostic {
  return diagnostic('plan/name-cut', {
    message: `a task would have a name of ${slug.length} characters, and ${LONGEST_NAME} is the most`,
    why: 'it is the name of files and of objects on S3, and an Airflow task id has up to 250 characters',
    help: `leave it, and the task is called '${group.name}'; or give the node a shorter name`,
    span: spanOf(group, locate),
  });
}

function spanOf({ nodes: [first] }: NamedGroup, locate: LocateNode): Span | undefined {
  return first && locate(first);
}
