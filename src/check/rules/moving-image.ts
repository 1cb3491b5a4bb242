import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import type { KeyPath } from '../../util/yaml-document.ts';
import type { Rule } from '../rule.ts';

/** An image that may be another one tomorrow. ECS pulls it anew for every task, so that even one run may mix two. */
export const movingImage: Rule = ({ engine, config }) => {
  const { image, execution_engine: settings } = config.values;
  const sidecars = Object.entries(settings.sidecars).map(([name, sidecar]): [KeyPath, string] => [
    ['execution_engine', 'sidecars', name, 'image'],
    sidecar.image,
  ]);
  const images: [KeyPath, string][] = [
    ...(image === undefined ? [] : [[['image'], image] as [KeyPath, string]]),
    ...sidecars,
  ];
  if (engine !== 'aws-fargate') return [];
  return images.flatMap(([path, name]) => {
    const tag = /:([^/:]+)$/.exec(name)?.[1];
    if (name.includes('@') || placeholderIn(name) !== undefined || (tag !== undefined && tag !== 'latest')) return [];
    return diagnostic('image/moving-tag', {
      message: `The image '${name}' has ${tag === undefined ? 'no tag' : "the tag 'latest'"}`,
      why:
        path.length === 1
          ? 'each task pulls what it is at that moment: a push during a run mixes two versions of your code'
          : 'each task pulls what it is at that moment: a push changes your tasks without a word',
      help: 'name a tag that never moves, such as the commit, or a digest',
      span: config.locate(path),
    });
  });
};
