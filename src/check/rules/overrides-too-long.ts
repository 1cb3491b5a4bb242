import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { predictedOverrides } from '../../fargate/predicted-overrides.ts';
import { OVERRIDES_LIMIT } from '../../fargate/run-task-request.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** What a container is told goes along in the request that starts it, which has an end. */
export const overridesTooLong: Rule = (context) => {
  const { engine, target, plan, config, spill, programs } = context;
  if (engine !== 'aws-fargate') return [];
  const params = target === 'airflow' ? config.values.airflow.params : {};
  const run = { ...programs, settings: config.values, plan, spill, params };
  const lengths = plan.tasks.map((task) => JSON.stringify(predictedOverrides(task, run)).length);
  const [longest, ...others] = plan.tasks
    .map(({ name }, index) => ({ name, length: lengths[index] ?? 0 }))
    .filter(({ length }) => length > OVERRIDES_LIMIT)
    .sort((a, b) => b.length - a.length);
  if (longest === undefined) return [];
  return [
    diagnostic('step/too-long', {
      message: `what task '${longest.name}'${others.length > 0 ? ` and ${others.length} more` : ''} must be told is ${longest.length} characters long, and ECS takes ${OVERRIDES_LIMIT}`,
      why: 'ECS would refuse to start it: command and environment of a container are part of the request',
      ...cause(context),
    }),
  ];
};

function cause({ config, spill }: CheckContext) {
  const { env } = config.values.execution_engine;
  const ofEnvironment = JSON.stringify(Object.entries(env)).length;
  if (ofEnvironment > OVERRIDES_LIMIT / 2)
    return {
      help: 'put what is long in execution_engine.env into a file of the image, or into Secrets Manager or SSM (execution_engine.secrets)',
      span: config.locate(['execution_engine', 'env'], 'key'),
    };
  if (isPlainKedro(config.values))
    return {
      help: "`kedro run` is told every node by name: group less, or let Wherry's own step run, with spill: s3://YOUR-BUCKET/spill",
      span: config.locate(['step']),
    };
  return {
    help:
      spill === undefined
        ? 'the plan goes along in it: set spill: s3://YOUR-BUCKET/spill, and it is fetched from there'
        : 'make the values in execution_engine.env and airflow.params shorter',
    span: config.locate(['execution_engine'], 'key'),
  };
}
