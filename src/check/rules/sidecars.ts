import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { promisedToSidecars, starvedBy } from '../../fargate/sidecars.ts';
import { describeSize } from '../../fargate/sizes.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** Containers beside that of the pipeline that it could not live with. */
export const sidecars: Rule = (context) =>
  context.engine === 'aws-fargate' ? [...nameTaken(context), ...nothingLeft(context)] : [];

function nameTaken({ config }: CheckContext): Diagnostic[] {
  const { container_name: main, sidecars: others } = config.values.execution_engine;
  if (!Object.hasOwn(others, main)) return [];
  return [
    diagnostic('config/container-name-taken', {
      message: `a sidecar is called '${main}', as is the container that runs the pipeline`,
      why: 'ECS tells the containers of a task apart by their names',
      help: 'call it something else, or name the other by execution_engine.container_name',
      span: config.locate(['execution_engine', 'sidecars', main], 'key'),
    }),
  ];
}

/** What the sidecars are promised is taken from the task's size. */
function nothingLeft({ config, plan }: CheckContext): Diagnostic[] {
  const promised = promisedToSidecars(config.values.execution_engine);
  if (promised === undefined) return [];
  const [smallest, ...others] = starvedBy(promised, plan.tasks);
  if (smallest === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const asked = describeSize({ vcpu: promised.cpu / 1024, memoryMiB: promised.memory });
  return [
    diagnostic('size/sidecars-take-all', {
      message: `the sidecars are promised ${asked}, and task '${smallest.name}'${more} has ${describeSize(smallest)} in all`,
      why: 'nothing would be left for the pipeline, and ECS would refuse to start the task',
      help: 'promise them less, or give the tasks more under resources',
      span: config.locate(['execution_engine', 'sidecars'], 'key'),
    }),
  ];
}
