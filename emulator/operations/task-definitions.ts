import { clientException } from '../aws-error.ts';
import { type Input, number, text, texts } from '../input.ts';
import { page } from '../paging.ts';
import { saveTaskDefinition, type TaskDefinition, type World } from '../state.ts';

// APIReference/API_DescribeTaskDefinition.
export function describeTaskDefinition(input: Input, world: World): Input {
  finishDeletions(world);
  const definition = findTaskDefinition(text(input, 'taskDefinition') ?? '', world);
  if (!definition) throw clientException('Unable to describe task definition.');
  const withTags = (texts(input, 'include') ?? []).includes('TAGS');
  return { taskDefinition: definition.shown, ...(withTags ? { tags: definition.tags } : {}) };
}

/** By family (its newest ACTIVE revision), `family:revision`, or the ARN of either. */
export function findTaskDefinition(name: string, world: World): TaskDefinition | undefined {
  const [family = '', revision] = name.slice(name.lastIndexOf('/') + 1).split(':');
  const revisions = revisionsOf(family, world);
  if (revision !== undefined) return revisions.find((definition) => String(definition.revision) === revision);
  return revisions.findLast((definition) => definition.shown.status === 'ACTIVE');
}

/** The revisions of a family that are not deleted, oldest first. */
function revisionsOf(family: string, world: World): TaskDefinition[] {
  return (world.families.get(family) ?? []).filter(({ shown }) => shown.status !== 'DELETED');
}

/** Keeps a changed revision in the place of the one before. */
export function replaceTaskDefinition(definition: TaskDefinition, world: World): void {
  const revisions = world.families.get(definition.family) ?? [];
  world.families.set(definition.family, revisions.with(definition.revision - 1, definition));
  saveTaskDefinition(world, definition);
}

/**
 * Ends the deletion of revisions whose last task has stopped; called before revisions are looked up by name. Their
 * numbers are not given again, so they keep their places.
 */
export function finishDeletions(world: World): void {
  for (const revisions of world.families.values()) {
    for (const definition of revisions) {
      if (definition.shown.status !== 'DELETE_IN_PROGRESS' || isUsed(definition, world)) continue;
      replaceTaskDefinition({ ...definition, tags: [], shown: { status: 'DELETED' } }, world);
    }
  }
}

const isUsed = ({ arn }: TaskDefinition, world: World): boolean =>
  [...world.tasks.values()].some(({ task }) => task.taskDefinitionArn === arn && task.lastStatus !== 'STOPPED');

// APIReference/API_ListTaskDefinitions: by family, alphabetically, and within it by revision; DESC turns both round.
export function listTaskDefinitions(input: Input, world: World): Input {
  finishDeletions(world);
  const family = text(input, 'familyPrefix');
  const status = text(input, 'status') ?? 'ACTIVE';
  const sort = text(input, 'sort') ?? 'ASC';
  const ascending = [...world.families.keys()]
    .filter((name) => family === undefined || name === family)
    .sort()
    .flatMap((name) => revisionsOf(name, world))
    .filter((definition) => definition.shown.status === status)
    .map((definition) => definition.arn);
  const { items, nextToken } = page(sort === 'ASC' ? ascending : ascending.reverse(), {
    token: text(input, 'nextToken'),
    size: number(input, 'maxResults'),
  });
  return { taskDefinitionArns: items, ...(nextToken ? { nextToken } : {}) };
}

// APIReference/API_ListTaskDefinitionFamilies: here a prefix is a prefix. A family is ACTIVE while a revision is.
export function listTaskDefinitionFamilies(input: Input, world: World): Input {
  finishDeletions(world);
  const prefix = text(input, 'familyPrefix') ?? '';
  const status = text(input, 'status') ?? 'ALL';
  const families = [...world.families.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ name, revisions: revisionsOf(name, world) }))
    .filter(({ revisions }) => revisions.length > 0)
    .filter(({ revisions }) => {
      const isActive = revisions.some(({ shown }) => shown.status === 'ACTIVE');
      return status === 'ALL' || isActive === (status === 'ACTIVE');
    })
    .map(({ name }) => name);
  const { items, nextToken } = page(families.sort(), {
    token: text(input, 'nextToken'),
    size: number(input, 'maxResults'),
  });
  return { families: items, ...(nextToken ? { nextToken } : {}) };
}
