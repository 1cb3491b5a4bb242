import type { ContainerEnd, RunningContainer } from './drivers/driver.ts';
import type { Dependency } from './task-specs.ts';

/** A container of a task, as far as others of it wait for it. */
export interface Ordered {
  readonly plan: { readonly name: string; readonly isEssential: boolean; readonly dependsOn: readonly Dependency[] };
  readonly shown: { readonly healthStatus: string };
  readonly running?: RunningContainer;
  readonly end?: ContainerEnd;
}

/** Rung at every change of a container; whoever waits looks again. */
export class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

interface Starting<Part> {
  readonly bell: Bell;
  readonly isOver: () => boolean;
  readonly start: (part: Part) => Promise<void>;
  /** What to throw when a container waits for what will never be. */
  readonly refuse: (part: Part, reason: string) => Error;
}

/**
 * Starts each container as soon as all that it depends on is so (APIReference/API_ContainerDependency). Ends early when
 * the task is over, which the end of an essential container makes it.
 */
export async function inStartOrder<Part extends Ordered>(parts: readonly Part[], starting: Starting<Part>) {
  const waiting = new Set(parts);
  while (waiting.size > 0 && !starting.isOver() && !parts.some(({ plan, end }) => plan.isEssential && end)) {
    const change = starting.bell.next();
    const due = [...waiting].filter((part) => part.plan.dependsOn.every((needed) => isMet(part, needed)));
    for (const part of due) {
      await starting.start(part);
      waiting.delete(part);
    }
    if (due.length === 0) await change;
  }

  function isMet(part: Part, { container, condition }: Dependency): boolean {
    const needed = parts.find(({ plan }) => plan.name === container);
    if (needed?.end !== undefined && condition !== 'START' && !isFulfilled(needed.end, condition))
      throw starting.refuse(part, `${container} did not become ${condition}`);
    switch (condition) {
      case 'COMPLETE':
      case 'SUCCESS':
        return needed?.end !== undefined;
      case 'HEALTHY':
        return needed?.shown.healthStatus === 'HEALTHY';
      default:
        return needed?.running !== undefined;
    }
  }
}

const isFulfilled = ({ exitCode }: ContainerEnd, condition: string): boolean =>
  condition === 'COMPLETE' || (condition === 'SUCCESS' && exitCode === 0);

/** Stops each container once those that depend on it have ended (developerguide, "Container dependency"). */
export async function inStopOrder(parts: readonly Ordered[], stop: (running: RunningContainer) => void): Promise<void> {
  const endings = new Map<Ordered, Promise<unknown>>();
  function endingOf(part: Ordered): Promise<unknown> {
    const ending = endings.get(part) ?? end(part);
    endings.set(part, ending);
    return ending;
  }
  async function end({ plan, running }: Ordered): Promise<void> {
    const dependents = parts.filter((part) => part.plan.dependsOn.some(({ container }) => container === plan.name));
    await Promise.all(dependents.map(endingOf));
    if (running) stop(running);
    await running?.ended;
  }
  await Promise.all(parts.map(endingOf));
}
