import type { Bell } from './container-order.ts';
import type { Container, ContainerEnd, RunningContainer } from './drivers/driver.ts';
import type { Fate } from './faults/fate.ts';
import type { LogDelivery } from './log-delivery.ts';
import { type EcsContainer, type EcsTask, saveTask, type TaskRecord, type World } from './state.ts';
import type { Planned } from './task-specs.ts';

/** One container of a task that is under way. */
export interface Part {
  readonly plan: Planned;
  readonly shown: EcsContainer;
  log?: LogDelivery | undefined;
  made?: Container;
  running?: RunningContainer;
  end?: ContainerEnd;
}

/** A task that is under way. */
export interface Context {
  readonly record: TaskRecord;
  readonly task: EcsTask;
  readonly fate: Fate;
  readonly parts: readonly Part[];
  /** Rung at every change of a part. */
  readonly bell: Bell;
  readonly world: World;
  readonly stop: AbortSignal;
  /** The host is gone, and with it all that could be known of the containers. */
  isLost: boolean;
}

/** Why a task never ran, in the words that `stoppedReason` and a container's `reason` take. */
export class FailedToStart extends Error {
  readonly container: string | undefined;
  readonly containerReason: string | undefined;

  constructor(reason: string, container?: { name: string; reason: string }) {
    super(reason);
    this.container = container?.name;
    this.containerReason = container?.reason;
  }
}

/** Every change of what is shown raises the task's version (APIReference/API_Task, version). */
export function change(context: Pick<Context, 'record' | 'task' | 'world'>, changes: Partial<EcsTask>): void {
  Object.assign(context.task, changes);
  context.task.version += 1;
  saveTask(context.world, context.record);
}

/** Asks a task to stop, for the first reason given. */
export function requestStop(record: TaskRecord, world: World, why: { code: string; reason: string }): void {
  if (record.task.desiredStatus === 'STOPPED') return;
  change(
    { record, task: record.task, world },
    { desiredStatus: 'STOPPED', stopCode: why.code, stoppedReason: why.reason },
  );
  world.lives.get(record.id)?.stop.abort();
}
