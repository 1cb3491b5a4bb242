import type { ConfigValues } from '../../config/schema.ts';
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { runsItsArguments } from '../../fargate/runs-its-arguments.ts';
import type { EcsTaskDefinition } from '../../service/aws/ecs.ts';

/** By what the revision is used. */
export interface Use {
  readonly settings: Pick<ConfigValues, 'execution_engine' | 'step'>;
  readonly spill: string | undefined;
}

type Container = NonNullable<EcsTaskDefinition['containerDefinitions']>[number];

/** What of a revision that is the user's may surprise: told when it is resolved, as nothing on this machine shows it. */
export function reviewDefinition(definition: EcsTaskDefinition, use: Use): Diagnostic[] {
  const name = `${definition.family}:${definition.revision}`;
  const containers = definition.containerDefinitions ?? [];
  const main = containers.find((one) => one.name === use.settings.execution_engine.container_name);
  return [
    ...containers.flatMap((container) => linesDropped(container, name)),
    ...(main === undefined ? [] : [...linesElsewhere(main, name, use), ...entryPoint(main, name, use)]),
  ];
}

/**
 * Since 2025-06-25 awslogs is `non-blocking` by default, with a buffer that drops what it has no room for (Amazon ECS
 * Developer Guide, "Send Amazon ECS logs to CloudWatch").
 */
function linesDropped({ name: container, logConfiguration }: Container, name: string): Diagnostic[] {
  const { logDriver, options = {} } = logConfiguration ?? {};
  // Who writes a mode has made up their mind.
  if (logDriver !== 'awslogs' || options['mode'] !== undefined) return [];
  return [
    diagnostic('definition/lines-dropped', {
      message: `container '${container}' of '${name}' logs by awslogs without a mode`,
      why: 'unless the account says otherwise, lines are dropped when they come faster than CloudWatch takes them, often the last ones before a failure',
      help: 'add "mode": "blocking" to the options of its logConfiguration, and register the revision anew',
    }),
  ];
}

/** Lines are read where awslogs writes them, and nowhere else. */
function linesElsewhere({ name: container, logConfiguration }: Container, name: string, use: Use): Diagnostic[] {
  const { logDriver, options = {} } = logConfiguration ?? {};
  if (logDriver === 'awslogs' && options['awslogs-group'] !== undefined) return [];
  const isReported = use.spill !== undefined || isPlainKedro(use.settings);
  return [
    diagnostic('definition/lines-elsewhere', {
      message: `container '${container}' of '${name}' ${logDriver === undefined ? 'keeps no log' : `logs by ${logDriver}`}`,
      why: `Wherry reads CloudWatch Logs only: no line of a task is shown while it runs, when it fails, or by \`wherry logs\`${isReported ? '' : '; and as there is no spill, where a step could report, neither is the node that raised, nor what it raised'}`,
      help: `give it the logDriver awslogs, with "mode": "blocking"${logDriver === undefined ? '' : `, or look where ${logDriver} sends the lines`}`,
    }),
  ];
}

/** An entry point cannot be overridden when a task is started (ECS API reference, ContainerOverride). */
function entryPoint({ name: container, entryPoint: words = [] }: Container, name: string, use: Use): Diagnostic[] {
  if (words.length === 0 || isPlainKedro(use.settings) || runsItsArguments(words)) return [];
  return [
    diagnostic('definition/entry-point', {
      message: `container '${container}' of '${name}' has the entryPoint ${JSON.stringify(words)}`,
      why: 'the step that runs the nodes is the command `python3 -c …`, which an entryPoint gets as arguments: one that does not end by running them fails, or ends well with nothing done',
      help: 'leave entryPoint out of the definition, or let it end in exec "$@". For one that does so, set severity: {definition/entry-point: off}; for `kedro run`, step: kedro',
    }),
  ];
}
