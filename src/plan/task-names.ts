import type { Node } from '../model/project.ts';
import { slug } from '../util/slug.ts';
import { compareText } from '../util/stable-json.ts';

/** Task names become the names of files and folders, which most file systems limit to 255 bytes. */
export const LONGEST_NAME = 200;

/** Nodes of one task, and the explicit group, node or namespace that it is named after. */
export interface Sourced {
  readonly nodes: readonly Node[];
  readonly source: string;
}

/**
 * A name for each group of nodes: the slug of its source. Those that clash get `-<6 hex of the sorted node names>`; so do
 * those too long for a file's name, cut.
 */
export function nameTasks(groups: readonly Sourced[], sha256: (text: string) => string): string[] {
  const wanted = groups.map(slugOf);
  const count = new Map<string, number>();
  for (const name of wanted) count.set(name, (count.get(name) ?? 0) + 1);
  return groups.map(({ nodes }, index) => {
    const name = wanted[index] as string;
    const isFine = count.get(name) === 1 && name.length <= LONGEST_NAME;
    return isFine ? name : `${name.slice(0, LONGEST_NAME)}-${hashOf(nodes, sha256)}`;
  });
}

/** The name that a group would have if no other had it. */
export function slugOf({ source }: Pick<Sourced, 'source'>): string {
  return slug(source) || 'task';
}

/** The explicit group, else the node where it is alone, else the common namespace, else the first node. */
export function sourceOfName(nodes: readonly Node[], groupOf: ReadonlyMap<string, string>): string {
  const [{ name: first = '', program } = {}] = nodes;
  const group = program?.isAlone ? undefined : groupOf.get(first);
  return group ?? (nodes.length > 1 ? (commonNamespace(nodes) ?? first) : first);
}

function hashOf(nodes: readonly Node[], sha256: (text: string) => string): string {
  const names = nodes.map(({ name }) => name).sort(compareText);
  return sha256(names.join('\n')).slice(0, 6);
}

/** The longest dotted namespace that all the nodes are in. */
function commonNamespace(nodes: readonly Node[]): string | undefined {
  let common = nodes[0]?.namespace?.split('.') ?? [];
  for (const { namespace } of nodes) {
    const parts = namespace?.split('.') ?? [];
    const differs = common.findIndex((part, index) => parts[index] !== part);
    if (differs !== -1) common = common.slice(0, differs);
  }
  return common.length === 0 ? undefined : common.join('.');
}
