import { AwsError, invalidParameter } from '../aws-error.ts';
import { canonical, sha256 } from '../canonical.ts';
import { epochSeconds } from '../clock.ts';
import { type Input, text } from '../input.ts';
import type { Cluster, Launch, World } from '../state.ts';
import { findTaskDefinition } from './task-definitions.ts';

/** A RunTask call with a token, before it is known whether it is the first. */
export interface TokenUse {
  /** Of the cluster and the token: what a token belongs to. */
  readonly id: string;
  /** A hash of the call's other parameters. */
  readonly parameters: string;
}

const DAY_SECONDS = 24 * 3600;
const HOUR_SECONDS = 3600;

export function tokenUse(input: Input, { cluster, world }: { cluster: Cluster; world: World }): TokenUse | undefined {
  const token = text(input, 'clientToken');
  if (token === undefined) return undefined;
  // APIReference/API_RunTask, clientToken: up to 64 characters from the ASCII range 33 to 126.
  if (!/^[\x21-\x7e]{1,64}$/.test(token)) {
    throw invalidParameter('clientToken must have between 1 and 64 characters in the ASCII range 33-126.');
  }
  const { clientToken: _, cluster: __, ...parameters } = input;
  // The revision too: a family alone means another one as soon as one is registered.
  const revision = findTaskDefinition(text(input, 'taskDefinition') ?? '', world)?.arn;
  return { id: sha256(`${cluster.arn} ${token}`), parameters: sha256(canonical({ parameters, revision })) };
}

/**
 * What the first call with this token was answered, as ECS answers it again; undefined when this is the first
 * (APIReference/ECS_Idempotency.html).
 */
export function replayed(use: TokenUse, world: World): Input | undefined {
  forgetOldLaunches(world);
  const launch = world.launches.get(use.id);
  if (launch === undefined) return undefined;
  if (launch.parameters !== use.parameters) {
    throw new AwsError('ConflictException', 'The request with this clientToken was made with other parameters.', {
      details: { resourceIds: launch.taskArns },
    });
  }
  const isOld = epochSeconds(world.clock) >= launch.at + HOUR_SECONDS;
  return {
    tasks: launch.taskArns.map((arn) => taskAgain(arn, world)),
    failures: launch.failures.map((failure) => (isOld ? {} : failure)),
  };
}

function taskAgain(taskArn: string, { tasks }: World): Input {
  const record = tasks.get(taskArn.replace(/^.*\//, ''));
  if (record === undefined) return { taskArn, lastStatus: 'STOPPED', desiredStatus: 'STOPPED' };
  const { task, tags } = record;
  const { lastStatus, desiredStatus } = task;
  return lastStatus === 'STOPPED' ? { taskArn, lastStatus, desiredStatus } : { ...task, tags };
}

export function remember(use: TokenUse, answered: Pick<Launch, 'taskArns' | 'failures'>, world: World): void {
  const launch = { ...use, ...answered, at: epochSeconds(world.clock) };
  world.launches.set(launch.id, launch);
  world.saver.save(launchFile(launch.id), () => launch);
}

/** A token lives for 24 hours at most, and not longer than ECS knows one of its tasks: an hour after the last stopped. */
function forgetOldLaunches(world: World): void {
  const dayAgo = epochSeconds(world.clock) - DAY_SECONDS;
  for (const { id, at, taskArns } of world.launches.values()) {
    const isKnown = taskArns.length === 0 || taskArns.some((arn) => world.tasks.has(arn.replace(/^.*\//, '')));
    if (at > dayAgo && isKnown) continue;
    world.launches.delete(id);
    world.saver.remove(launchFile(id));
  }
}

const launchFile = (id: string): string => `launches/${id}.json`;
