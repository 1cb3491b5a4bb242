import { lastSegment } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { type Input, objects, text, texts } from '../input.ts';
import { saveClusters, saveTask, type Tag, type World } from '../state.ts';
import { findTaskDefinition, replaceTaskDefinition } from './task-definitions.ts';

const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** The tags of a request. APIReference/API_Tag: up to 50, keys and values limited, `aws:` is AWS's own. */
export function checkedTags(input: Input): Tag[] {
  const tags = (objects(input, 'tags') ?? []).map((tag): Tag => {
    const value = text(tag, 'value');
    return { key: text(tag, 'key') ?? '', ...(value === undefined ? {} : { value }) };
  });
  if (tags.length > 50) throw invalidParameter('Tags cannot have more than 50 elements.');
  for (const { key, value = '' } of tags) {
    // PrefectHQ/prefect#13174 quotes it.
    if (!CHARACTERS.test(key) || !CHARACTERS.test(value))
      throw invalidParameter('Some tags contain invalid characters.');
    if (key === '' || [...key].length > 128 || /^aws:/i.test(key)) throw invalidParameter(`Invalid tag key '${key}'.`);
    if (/^aws:/i.test(value)) throw invalidParameter(`Invalid value of tag '${key}'.`);
    if ([...value].length > 256) throw invalidParameter(`The value of tag '${key}' is too long.`);
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) {
    throw invalidParameter('Multiple tags contain the same key.');
  }
  return tags;
}

// APIReference/API_TagResource: tags that the request does not name stay as they are.
export function tagResource(input: Input, world: World): Input {
  const resource = resourceOf(input, world);
  const added = checkedTags(input);
  const kept = resource.tags.filter(({ key }) => !added.some((tag) => tag.key === key));
  resource.keep(checkedTags({ tags: [...kept, ...added] }));
  return {};
}

// APIReference/API_UntagResource.
export function untagResource(input: Input, world: World): Input {
  const resource = resourceOf(input, world);
  const keys = texts(input, 'tagKeys') ?? [];
  resource.keep(resource.tags.filter(({ key }) => !keys.includes(key)));
  return {};
}

// APIReference/API_ListTagsForResource.
export function listTagsForResource(input: Input, world: World): Input {
  // Its model has no other error for what is not there.
  return { tags: resourceOf(input, world, 'InvalidParameterException').tags };
}

interface Tagged {
  readonly tags: readonly Tag[];
  keep(tags: readonly Tag[]): void;
}

function clusterOf(arn: string, world: World): Tagged | undefined {
  const cluster = world.clusters.get(lastSegment(arn));
  if (!cluster || cluster.isDeleted) return undefined;
  return {
    tags: cluster.tags,
    keep(tags) {
      world.clusters.set(cluster.name, { ...cluster, tags });
      saveClusters(world);
    },
  };
}

function taskOf(arn: string, world: World): Tagged | undefined {
  const record = world.tasks.get(lastSegment(arn));
  if (!record) return undefined;
  return {
    tags: record.tags,
    keep(tags) {
      record.tags = tags;
      saveTask(world, record);
    },
  };
}

function revisionOf(arn: string, world: World): Tagged | undefined {
  const definition = findTaskDefinition(arn, world);
  if (!definition || !arn.endsWith(`:${definition.revision}`)) return undefined;
  return {
    tags: definition.tags,
    keep: (tags) => replaceTaskDefinition({ ...definition, tags }, world),
  };
}

const KINDS = new Map<string, (arn: string, world: World) => Tagged | undefined>(
  Object.entries({
    cluster: clusterOf,
    task: taskOf,
    'task-definition': revisionOf,
  }),
);

/** The cluster, task or revision of an ARN, and how its tags are replaced. */
function resourceOf(input: Input, world: World, missing = 'ResourceNotFoundException'): Tagged {
  const arn = text(input, 'resourceArn') ?? '';
  const kind = /^arn:aws[a-z-]*:ecs:[^:]*:[^:]*:([^/]+)\/./.exec(arn)?.[1] ?? '';
  const find = KINDS.get(kind);
  if (!find) throw invalidParameter('The ARN provided is invalid.');
  const found = find(arn, world);
  if (found) return found;
  if (kind === 'cluster') throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  throw new AwsError(missing, `The specified ${kind} was not found.`);
}
