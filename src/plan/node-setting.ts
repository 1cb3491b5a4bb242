import { otherNamesOf } from '../model/node-names.ts';
import type { Node } from '../model/project.ts';

/** Settings by the name of a task, node, tag or namespace, or `__default__`. */
type ByName<T> = Readonly<Record<string, T>>;

export function entry<T>(settings: ByName<T>, name: string): T | undefined {
  return Object.hasOwn(settings, name) ? settings[name] : undefined;
}

/**
 * What is said of a node: under its own name, else by the node itself (in a pipeline.yml), else under a tag, else under a
 * namespace (innermost first), else under `__default__`.
 */
export function nodeSetting<T>(node: Node, said: T | undefined, under: (name: string) => T | undefined): T | undefined {
  const own = under(node.name) ?? said;
  if (own !== undefined) return own;
  for (const name of [...otherNamesOf(node), '__default__']) {
    const found = under(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
