import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import type { EcsTaskDefinition } from '../../service/aws/ecs.ts';

/**
 * What of a revision that is the user's may surprise: told when it is resolved, as nothing on this machine shows it.
 * Since 2025-06-25 awslogs is `non-blocking` by default, with a buffer that drops what it has no room for (Amazon ECS
 * Developer Guide, "Send Amazon ECS logs to CloudWatch").
 */
export function reviewDefinition(definition: EcsTaskDefinition): Diagnostic[] {
  const name = `${definition.family}:${definition.revision}`;
  return (definition.containerDefinitions ?? []).flatMap(({ name: container, logConfiguration }) => {
    const { logDriver, options = {} } = logConfiguration ?? {};
    // Who writes a mode has made up their mind.
    if (logDriver !== 'awslogs' || options['mode'] !== undefined) return [];
    return diagnostic('definition/lines-dropped', {
      message: `container '${container}' of '${name}' logs by awslogs without a mode`,
      why: 'unless the account says otherwise, lines are dropped when they come faster than CloudWatch takes them, often the last ones before a failure',
      help: 'add "mode": "blocking" to the options of its logConfiguration, and register the revision anew',
    });
  });
}
