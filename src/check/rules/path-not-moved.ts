import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { localInputs } from '../local-inputs.ts';
import type { Rule } from '../rule.ts';

/** Some local paths are moved to S3, and this input is not: it is read as it was when the image was built. */
export const pathNotMoved: Rule = (context) => {
  const { engine, plan, image, config, locateDataset } = context;
  const prefixes = Object.keys(plan.paths);
  if (engine !== 'aws-fargate' || prefixes.length === 0) return [];
  return localInputs(context)
    .filter(({ path }) => !path.startsWith('/') && image.leftOutBy(path) === undefined && image.isThere(path))
    .map(({ dataset, path }) =>
      diagnostic('data/path-not-moved', {
        message: `'${dataset.name}' is read from '${dataset.path}', which no prefix under 'paths' moves`,
        why: 'other data is read from S3, and this from the image, as it was when that was built',
        help: `if it changes without the code, move it as well:\n  paths: {"${path.slice(0, path.lastIndexOf('/') + 1) || path}": s3://…}`,
        span: locateDataset(dataset, dataset.pathKey),
        notes: [
          {
            message: `moved are ${prefixes.map((prefix) => `'${prefix}'`).join(', ')}`,
            span: config.locate(['paths'], 'key'),
          },
        ],
      }),
    );
};
