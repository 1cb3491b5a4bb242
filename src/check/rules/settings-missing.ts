import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { remapped } from '../remapped.ts';
import type { CheckContext, Rule } from '../rule.ts';
import { usedDatasets } from '../used-datasets.ts';

/** What Fargate cannot do without. The image is asked for only where Wherry registers the definition. */
export const settingsMissing: Rule = (context) => {
  const { engine, plan, config, spill } = context;
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
    settings.task_definition === undefined &&
      settings.execution_role_arn === undefined && [
        'execution_engine.execution_role_arn',
        'ECS pulls the image and writes the log by it, and registers no definition without',
        'execution_role_arn: ecsTaskExecutionRole',
      ],
    settings.task_definition === undefined &&
      settings.task_role_arn === undefined &&
      needsS3(context) && [
        'execution_engine.task_role_arn',
        'a container has its rights to S3 from it, and none without',
        'task_role_arn: YOUR-TASK-ROLE',
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

/** Where the SDKs look for credentials before they ask for those of the task. */
const OF_ITS_OWN = /^AWS_(ACCESS_KEY_ID|PROFILE|ROLE_ARN|SHARED_CREDENTIALS_FILE|CONFIG_FILE)$/;

/** Whether a container must get at S3 and has nothing to prove who it is. */
function needsS3(context: CheckContext): boolean {
  const { plan, config, spill } = context;
  const { env, secrets } = config.values.execution_engine;
  if ([...Object.keys(env), ...Object.keys(secrets)].some((name) => OF_ITS_OWN.test(name))) return false;
  const urls = usedDatasets(context)
    .filter(({ credentials }) => credentials === undefined)
    .map(({ path }) => remapped(path ?? '', plan.paths));
  return [spill ?? '', ...urls].some((url) => url.startsWith('s3://'));
}
