import { describeSize } from '../../fargate/sizes.ts';
import type { Plan, PlanTask } from '../../model/plan.ts';
import { append } from '../../util/topological-order.ts';

/** A box with more nodes than this says how many more there are. */
const NODES_SHOWN = 6;

/** The plan as a Mermaid flowchart, for READMEs and pull requests: a box a task; dotted where data is spilled. */
export function renderMermaid(plan: Plan): string {
  const idOf = new Map(plan.tasks.map(({ name }, index) => [name, `t${index}`]));
  const carried = new Map<string, { name: string; isSpilled: boolean }[]>();
  for (const { name, storage, producer, consumers } of plan.boundaryDatasets)
    for (const consumer of consumers)
      append(carried, `${producer}\n${consumer}`, { name, isSpilled: storage === 'spill' });
  const arrows = plan.tasks.flatMap(({ name, dependsOn }) =>
    dependsOn.map((needed) => arrow(idOf.get(needed), carried.get(`${needed}\n${name}`) ?? [], idOf.get(name))),
  );
  const boxes = plan.tasks.map((task) => `  ${idOf.get(task.name)}["${box(task)}"]`);
  return ['flowchart TD', ...boxes, ...arrows, ''].join('\n');
}

function box(task: PlanTask): string {
  const { name, nodes } = task;
  const shown = nodes.length === 1 && nodes[0] === name ? [] : nodes.slice(0, NODES_SHOWN);
  const more = shown.length > 0 && nodes.length > NODES_SHOWN ? [`and ${nodes.length - NODES_SHOWN} more`] : [];
  return [`<b>${escaped(name)}</b>`, describeSize(task), ...shown.map(escaped), ...more].join('<br/>');
}

function arrow(
  from: string | undefined,
  datasets: readonly { name: string; isSpilled: boolean }[],
  to: string | undefined,
) {
  const line = datasets.some(({ isSpilled }) => isSpilled) ? '-.->' : '-->';
  const label = datasets.length === 0 ? '' : `|"${datasets.map(({ name }) => escaped(name)).join('<br/>')}"|`;
  return `  ${from} ${line}${label} ${to}`;
}

/** Mermaid's own entities: everything but letters, digits and what is surely harmless by its code point. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.,:/-]/gu, (character) => `#${character.codePointAt(0)};`);
}
