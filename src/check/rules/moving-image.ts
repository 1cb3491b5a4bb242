import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import type { Rule } from '../rule.ts';

/** An image that may be another one tomorrow. ECS pulls it anew for every task, so that even one run may mix two. */
export const movingImage: Rule = ({ engine, config }) => {
  const { image } = config.values;
  if (engine !== 'aws-fargate' || image === undefined || image.includes('@') || placeholderIn(image) !== undefined)
    return [];
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== 'latest') return [];
  return [
    diagnostic('image/moving-tag', {
      message: `The image '${image}' has ${tag === undefined ? 'no tag' : "the tag 'latest'"}`,
      why: 'each task pulls what it is at that moment: a push during a run mixes two versions of your code',
      help: 'name a tag that never moves, such as the commit, or a digest',
      span: config.locate(['image']),
    }),
  ];
};
