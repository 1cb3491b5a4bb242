import { lastSegment, taskDefinitionArn } from '../arn.ts';
import { clientException, invalidParameter } from '../aws-error.ts';
import { epochSeconds } from '../clock.ts';
import { type Input, text, texts } from '../input.ts';
import type { TaskDefinition, World } from '../state.ts';
import { findTaskDefinition, finishDeletions, replaceTaskDefinition } from './task-definitions.ts';

// APIReference/API_DeregisterTaskDefinition: a revision becomes INACTIVE; the tasks that it has run on.
export function deregisterTaskDefinition(input: Input, world: World): Input {
  const name = text(input, 'taskDefinition') ?? '';
  const revision = lastSegment(name).split(':')[1];
  if (revision === undefined) throw clientException('Revision is missing.');
  if (!/^[1-9]\d*$/.test(revision)) throw invalidParameter(`Invalid revision number. Number: ${revision}`);
  const definition = findTaskDefinition(name, world);
  if (!definition) throw clientException('Unable to describe task definition.');
  // Asked again, it keeps the time of the first.
  if (definition.shown.status !== 'ACTIVE') return { taskDefinition: definition.shown };
  const inactive = withStatus(definition, { status: 'INACTIVE', deregisteredAt: epochSeconds(world.clock) });
  replaceTaskDefinition(inactive, world);
  return { taskDefinition: inactive.shown };
}

const withStatus = (definition: TaskDefinition, more: Input): TaskDefinition => ({
  ...definition,
  shown: { ...definition.shown, ...more },
});

// APIReference/API_DeleteTaskDefinitions: INACTIVE revisions only, up to 10 at once, which are DELETE_IN_PROGRESS until
// the last of their tasks has stopped.
export function deleteTaskDefinitions(input: Input, world: World): Input {
  finishDeletions(world);
  const names = texts(input, 'taskDefinitions') ?? [];
  if (names.length === 0) throw invalidParameter('size of TaskDefinition references list must be greater than 0');
  if (names.length > 10) throw invalidParameter('Size of TaskDefinition references list cannot exceed 10');
  const outcomes = names.map((name) => deleted(name, world));
  const taskDefinitions = outcomes.flatMap((outcome) => ('definition' in outcome ? [outcome.definition.shown] : []));
  const failures = outcomes.flatMap((outcome) => ('definition' in outcome ? [] : [outcome]));
  return { taskDefinitions, failures };
}

type Deleted = { readonly definition: TaskDefinition } | { readonly arn: string; readonly reason: string };

function deleted(name: string, world: World): Deleted {
  const arn = taskDefinitionArn(world, lastSegment(name));
  if (!/:[1-9]\d*$/.test(name)) {
    const reason = 'The specified task definition identifier is invalid. Specify a valid name or ARN and try again.';
    return { arn, reason };
  }
  const definition = findTaskDefinition(name, world);
  if (!definition) {
    const reason =
      'The specified task definition does not exist. Specify a valid account, family, revision and try again.';
    return { arn, reason };
  }
  if (definition.shown.status === 'ACTIVE') {
    const reason =
      'The specified task definition is still in ACTIVE status. Please deregister the target and try again.';
    return { arn, reason };
  }
  const deleting = withStatus(definition, {
    status: 'DELETE_IN_PROGRESS',
    deleteRequestedAt: definition.shown.deleteRequestedAt ?? epochSeconds(world.clock),
  });
  replaceTaskDefinition(deleting, world);
  return { definition: deleting };
}
