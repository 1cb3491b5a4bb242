import { clientException, invalidParameter } from '../aws-error.ts';
import { type Input, number, text, texts } from '../input.ts';
import { page } from '../paging.ts';
import type { TaskDefinition, World } from '../state.ts';

// APIReference/API_DescribeTaskDefinition.
export function describeTaskDefinition(input: Input, world: World): Input {
  const definition = findTaskDefinition(text(input, 'taskDefinition') ?? '', world);
  if (!definition) throw clientException('Unable to describe task definition.');
  const withTags = (texts(input, 'include') ?? []).includes('TAGS');
  return { taskDefinition: definition.shown, ...(withTags ? { tags: definition.tags } : {}) };
}

/** By family (its newest ACTIVE revision), `family:revision`, or the ARN of either. */
export function findTaskDefinition(name: string, world: World): TaskDefinition | undefined {
  const [family = '', revision] = name.slice(name.lastIndexOf('/') + 1).split(':');
  const revisions = world.families.get(family) ?? [];
  if (revision !== undefined) return revisions[Number(revision) - 1];
  return revisions.findLast((definition) => definition.shown.status === 'ACTIVE');
}

// APIReference/API_ListTaskDefinitions: by family, alphabetically, and within it by revision; DESC turns both round.
export function listTaskDefinitions(input: Input, world: World): Input {
  const family = text(input, 'familyPrefix');
  const status = text(input, 'status') ?? 'ACTIVE';
  const sort = text(input, 'sort') ?? 'ASC';
  if (sort !== 'ASC' && sort !== 'DESC') throw invalidParameter(`Invalid sort: ${sort}`);
  const ascending = [...world.families.keys()]
    .filter((name) => family === undefined || name === family)
    .sort()
    .flatMap((name) => world.families.get(name) ?? [])
    .filter((definition) => definition.shown.status === status)
    .map((definition) => definition.arn);
  const { items, nextToken } = page(sort === 'ASC' ? ascending : ascending.reverse(), {
    token: text(input, 'nextToken'),
    size: number(input, 'maxResults'),
  });
  return { taskDefinitionArns: items, ...(nextToken ? { nextToken } : {}) };
}
