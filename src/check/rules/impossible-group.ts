import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Node } from '../../model/project.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** Nodes that `groups` puts into one container and that cannot share it. */
export const impossibleGroup: Rule = ({ config, pipeline }) => {
  const { groups, image } = config.values;
  const nodeOf = new Map(pipeline.nodes.map((node) => [node.name, node]));
  const groupsOf = (node: string) => Object.keys(groups).filter((name) => groups[name]?.includes(node));
  const imageOf = (node: Node | undefined) => node?.program?.image ?? image;
  return Object.entries(groups).flatMap(([group, nodes]) => {
    const first = nodes.find((name) => nodeOf.has(name));
    return nodes.flatMap((name, index) => {
      const node = nodeOf.get(name);
      const [other = group] = groupsOf(name);
      const reason = [
        other !== group && `it is in the group '${other}' as well`,
        node?.program?.isAlone && nodes.length > 1 && 'it has parallel: false, and so a container to itself',
        node !== undefined &&
          imageOf(node) !== imageOf(nodeOf.get(first ?? '')) &&
          `its image is '${imageOf(node)}', and that of '${first}' is '${imageOf(nodeOf.get(first ?? ''))}'`,
      ].find((found) => typeof found === 'string');
      if (reason === undefined) return [];
      return diagnostic('config/impossible-group', {
        message: `'${name}' cannot be in the group '${group}': ${reason}`,
        why: 'the nodes of a group run in one container, and a node in one only',
        help: 'take it out of the group, or change the other',
        span: placeOf(group, index, config),
      });
    });
  });
};

/** Of a node in `groups`; one node alone stands there without a list. */
export function placeOf(group: string, index: number, config: CheckContext['config']) {
  return config.locate(['groups', group, index]) ?? config.locate(['groups', group]);
}
