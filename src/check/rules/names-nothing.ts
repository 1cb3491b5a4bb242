import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { nearest } from '../../diagnostics/nearest.ts';
import type { Span } from '../../diagnostics/span.ts';
import { otherNamesOf } from '../../model/node-names.ts';
import type { Node } from '../../model/project.ts';
import { slug } from '../../util/slug.ts';
import type { CheckContext, Rule } from '../rule.ts';
import { placeOf } from './impossible-group.ts';

/** Settings for a node, task, tag or namespace that no pipeline has: they do nothing. */
export const namesNothing: Rule = (context) => {
  const { project, config } = context;
  // With --pipeline Kedro may have loaded no other, and the settings may be for those.
  if (!project.pipelines.has('__default__')) return [];
  const nodes = [...project.pipelines.values()].flatMap((pipeline) => pipeline.nodes);
  const { groups, resources, estimates } = config.values;
  const names = new Set(nodes.flatMap((node) => [node.name, ...otherNamesOf(node)]));
  const tasks = new Set([...names, ...Object.keys(groups)].map(slug));
  const isKnown = (name: string) => name === '__default__' || names.has(name) || tasks.has(taskName(name));
  const settings = Object.entries({ resources, estimates }).flatMap(([key, record]) =>
    Object.keys(record).flatMap((name) =>
      isKnown(name) ? [] : finding([key, name], [...names], config.locate([key, name], 'key')),
    ),
  );
  return [...settings, ...strangersInGroups(nodes, context)];
};

function strangersInGroups(nodes: readonly Node[], { config }: CheckContext): Diagnostic[] {
  const known = new Set(nodes.map(({ name }) => name));
  return Object.entries(config.values.groups).flatMap(([group, members]) =>
    members.flatMap((name, index) =>
      known.has(name) ? [] : finding(['groups', group, name], [...known], placeOf(group, index, config)),
    ),
  );
}

/** Tasks whose names clash have six digits behind them. */
function taskName(name: string): string {
  return name.replace(/-[0-9a-f]{6}$/, '');
}

function finding(path: readonly string[], known: readonly string[], span: Span | undefined): Diagnostic {
  const [key = '', name = ''] = [path[0], path.at(-1)];
  const near = nearest(name, known);
  const kinds = key === 'groups' ? 'node' : 'task, node, tag or namespace';
  return diagnostic('config/names-nothing', {
    message: `'${key}' speaks of '${name}', and no ${kinds} has that name`,
    why: 'it does nothing, and what it was meant for is as if it were not there',
    help: near === undefined ? '`wherry plan` shows the names that there are' : `did you mean '${near}'?`,
    span,
  });
}
