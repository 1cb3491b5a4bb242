import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import type { Rule } from '../rule.ts';

/**
 * A DAG that runs by itself with whatever somebody has pushed last. A tag with a digit is taken for a version or a commit;
 * `latest` and no tag at all are `image/moving-tag`, whoever starts the run.
 */
export const scheduleImage: Rule = ({ config, engine }) => {
  const { image, airflow } = config.values;
  const { schedule } = airflow.dag;
  if (engine !== 'aws-fargate' || image === undefined || typeof schedule !== 'string') return [];
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  const isPinned = image.includes('@') || (tag !== undefined && /\d/.test(tag));
  if (isPinned || tag === undefined || tag === 'latest' || placeholderIn(image) !== undefined) return [];
  return [
    diagnostic('schedule/image-not-pinned', {
      message: `The DAG runs by itself ('${schedule}') with the image '${image}', whose tag names no version`,
      why: "what is pushed to it in the meantime runs next time: a run that worked cannot be had again, and one that fails has nobody's commit to its name",
      help: 'name the commit or a version as the tag, or the digest: IMAGE@sha256:…',
      span: config.locate(['image']),
      notes: [{ message: 'the schedule', span: config.locate(['airflow', 'dag', 'schedule']) }],
    }),
  ];
};
