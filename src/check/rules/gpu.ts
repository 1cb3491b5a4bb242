import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { Rule } from '../rule.ts';

/** Amazon ECS Developer Guide, "Task definition differences for Fargate": `gpu` is not valid. */
export const gpu: Rule = ({ engine, config, pipeline, locateNode }) => {
  if (engine !== 'aws-fargate') return [];
  const found = (who: string, count: number, span: Span | undefined) =>
    diagnostic('size/gpu', {
      message: `${who} asks for ${count} GPU${count === 1 ? '' : 's'}, and Fargate has none`,
      why: 'the tasks would run without: on the CPU, for much longer, or not at all',
      help: 'run these nodes where there are GPUs (AWS Batch or ECS on EC2), or take the line away if they can do without',
      span,
    });
  const sizes = Object.entries(config.values.resources).flatMap(([key, { gpu: count = 0 }]) =>
    count === 0 ? [] : found(`resources.${key}`, count, config.locate(['resources', key, 'gpu'])),
  );
  const programs = pipeline.nodes.flatMap((node) => {
    const count = node.program?.gpu ?? 0;
    return count === 0 ? [] : found(`node '${node.name}'`, count, locateNode(node));
  });
  return [...sizes, ...programs];
};
