import { stableJson } from '../util/stable-json.ts';
import type { TaskDefinitionInput } from './task-definition.ts';

/**
 * Whether a described revision says what `wanted` says. Only what Wherry can set is compared, so that what it no longer
 * sets makes a difference, and what ECS adds of its own makes none. Lists of named things are sets to ECS.
 */
export function saysTheSame(described: object, wanted: TaskDefinitionInput): boolean {
  return stableJson(normal(described, wanted)) === stableJson(normal(wanted, wanted));
}

function normal(definition: object, like: TaskDefinitionInput): unknown {
  const { containerDefinitions, ...rest } = pick(definition, like);
  const [container] = like.containerDefinitions;
  const containers = (Array.isArray(containerDefinitions) ? containerDefinitions : []) as object[];
  return plain({
    ...rest,
    taskRoleArn: roleLike(rest['taskRoleArn'], like.taskRoleArn),
    executionRoleArn: roleLike(rest['executionRoleArn'], like.executionRoleArn),
    containerDefinitions: containers.map((one) => pick(one, container)),
  });
}

/** ECS keeps a role that was given by its name as its ARN. */
function roleLike(role: unknown, wanted: string | undefined): unknown {
  const isByName = typeof role === 'string' && wanted !== undefined && !wanted.startsWith('arn:');
  return isByName ? role.replace(/^arn:.*\//, '') : role;
}

/** The keys that `like` has, be they set there or not. */
function pick(value: object, like: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, (value as Record<string, unknown>)[key]]));
}

/** Without what is not set, which ECS describes as an empty list or map, as 0, or not at all; sets in one order. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(plain);
    return items.every(isObject) ? items.map((item) => stableJson(item)).sort() : items;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, plain(item)]);
  return Object.fromEntries(entries.filter(([, item]) => !isUnset(item)));
}

function isUnset(value: unknown): boolean {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return value === undefined || value === null || value === 0 || isEmpty;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
