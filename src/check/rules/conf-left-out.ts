import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';

/** Catalog and parameters that are here, and not in the image: no error tells, the container only reads other ones. */
export const confLeftOut: Rule = ({ engine, image, plan }) => {
  // A pipeline.yml's container reads no configuration.
  if (engine !== 'aws-fargate' || plan.programs !== undefined) return [];
  return image.confLeftOut.map(({ path, by }) =>
    diagnostic('image/conf-left-out', {
      message: `${path} is kept out of the image by ${by}`,
      why: 'containers read the configuration without it, which is not the one that is planned and checked here',
      help: `let ${by} pass it, or move what it says to a file that passes`,
    }),
  );
};
