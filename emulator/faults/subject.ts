import { lastSegment } from '../arn.ts';
import { type Input, object, objects, pairs, text, texts } from '../input.ts';
import { findTaskDefinition } from '../operations/task-definitions.ts';
import type { Tag, TaskDefinition, TaskRecord, World } from '../state.ts';
import { containerOverride } from '../task-specs.ts';
import type { Subject } from './matcher.ts';

export function subjectOfTask({ task, tags }: TaskRecord, world: World): Subject {
  return subject({
    definition: findTaskDefinition(task.taskDefinitionArn, world),
    overrides: task.overrides,
    startedBy: task.startedBy,
    tags,
    isSpot: task.capacityProviderName === 'FARGATE_SPOT',
  });
}

/** The tasks that a request is about: the one that it would start, or those that it names. */
export function subjectsOfRequest(operation: string, input: Input, world: World): Subject[] {
  if (operation === 'ecs:RunTask') {
    const strategy = objects(input, 'capacityProviderStrategy') ?? [];
    return [
      subject({
        definition: findTaskDefinition(text(input, 'taskDefinition') ?? '', world),
        overrides: object(input, 'overrides') ?? {},
        startedBy: text(input, 'startedBy'),
        tags: (objects(input, 'tags') ?? []) as unknown as Tag[],
        isSpot: strategy.some(({ capacityProvider }) => capacityProvider === 'FARGATE_SPOT'),
      }),
    ];
  }
  // A log stream's name ends with the task's id.
  const names = ['task', 'logStreamName'].flatMap((key) => text(input, key) ?? []);
  const lists = ['tasks', 'logStreamNames'].flatMap((key) => texts(input, key) ?? []);
  return [...names, ...lists].flatMap((name) => {
    const record = world.tasks.get(lastSegment(name));
    return record ? [subjectOfTask(record, world)] : [];
  });
}

function subject(parts: {
  readonly definition: TaskDefinition | undefined;
  readonly overrides: Input;
  readonly startedBy: string | undefined;
  readonly tags: readonly Tag[];
  readonly isSpot: boolean;
}): Subject {
  const { definition, overrides, startedBy = '', tags, isSpot } = parts;
  const containers = objects(definition?.shown ?? {}, 'containerDefinitions') ?? [];
  const environments = containers.map((container) => ({
    ...pairs(container, 'environment'),
    ...pairs(containerOverride(overrides, text(container, 'name') ?? ''), 'environment'),
  }));
  return {
    family: definition?.family ?? '',
    startedBy,
    tags: Object.fromEntries(tags.map(({ key, value = '' }) => [key, value])),
    env: Object.assign({}, ...environments),
    isSpot,
  };
}
