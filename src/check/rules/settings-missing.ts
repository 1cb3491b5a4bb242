import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import type { Rule } from '../rule.ts';

/** What Fargate cannot do without. The image is asked for only where Wherry registers the definition. */
export const settingsMissing: Rule = ({ engine, plan, config, spill }) => {
  if (engine !== 'aws-fargate') return [];
  const { execution_engine: settings } = config.values;
  // That has a finding of its own, which asks for the same key.
  const crossesInMemory = plan.boundaryDatasets.some(({ storage }) => storage === 'spill');
  const missing = [
    settings.cluster === undefined && [
      'execution_engine.cluster',
      'tasks run in an ECS cluster',
      'cluster: my-cluster',
    ],
    settings.subnets.length === 0 && [
      'execution_engine.subnets',
      'a Fargate task gets its network from a subnet',
      'subnets: [subnet-…]',
    ],
    settings.task_definition === undefined &&
      plan.tasks.some(({ image }) => image === null) && [
        'image',
        'a task definition must be registered, and it names the image',
        'image: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG',
      ],
    // In a definition of its own Wherry carries the step along; a user's family has no place for it.
    spill === undefined &&
      settings.task_definition !== undefined &&
      !isPlainKedro(config.values) &&
      !crossesInMemory && [
        'spill',
        'your container fetches the program that runs the nodes from there',
        'spill: s3://YOUR-BUCKET/spill',
      ],
  ]
    .filter((entry) => entry !== false)
    // What is written and wrong is another rule's.
    .filter(([key = '']) => config.locate(key.split('.')) === undefined && !config.misspelt.has(key));
  return missing.map(([key, why, line]) =>
    diagnostic('config/value-missing', {
      message: `'${key}' is not set`,
      why,
      help: `add it to ${config.files[0] ?? 'conf/base/wherry.yml'}:\n  ${line}`,
      span: config.locate(['execution_engine'], 'key'),
    }),
  );
};
