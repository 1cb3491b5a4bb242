import type { TaskFault } from './schema.ts';
import { START_FAILURES, type StartFailure } from './start-failures.ts';

/** How a task that runs ends, its containers aside. */
export type FateEnd =
  /** Asked to stop, as StopTask does. */
  | { readonly kind: 'stop'; readonly code: string; readonly reason: string }
  /** With its host, and what ECS reports of that: STOPPED, or nothing for ever. */
  | { readonly kind: 'lost'; readonly isReported: boolean };

/** What is to happen to one task, beside what its containers do; nothing to most. */
export interface Fate {
  /** RunTask does not start it. */
  readonly refusal?: { readonly as: 'failure' | 'exception'; readonly reason: string };
  /** ECS does not show it yet. */
  readonly unseen?: { readonly describes: number; readonly seconds: number };
  /** The name of a container that the platform adds. */
  readonly injectedContainer?: string;
  /** What its network interface takes above the usual, of Fargate's seconds. */
  readonly networkSeconds?: number;
  readonly startFailure?: StartFailure;
  readonly end?: { readonly afterSeconds: number; readonly end: FateEnd };
  /** When its lines reach CloudWatch Logs: so long after each, or after the task has stopped. */
  readonly logs?: { readonly seconds: number; readonly from: 'line' | 'end' };
}

// The words are in the table of BEHAVIOUR.md.
const NO_CAPACITY = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
export const VCPU_LIMIT = "You've reached the limit on the number of vCPUs you can run concurrently";
// AmazonECS/latest/developerguide/fargate-capacity-providers.html.
const INTERRUPTED = 'Your Spot Task was interrupted.';
// AmazonECS/latest/developerguide/task-maintenance.html.
export const MAINTENANCE = 'ECS is performing maintenance on the underlying infrastructure hosting the task.';

export function fateOf(fault: TaskFault): Fate {
  switch (fault.fault) {
    case 'no-capacity':
      return { refusal: { as: fault.as, reason: fault.reason ?? NO_CAPACITY } };
    case 'vcpu-limit':
      return { refusal: { as: fault.as, reason: VCPU_LIMIT } };
    case 'unseen':
      return { unseen: fault };
    case 'injected-container':
      return { injectedContainer: fault.name };
    case 'slow-network':
      return { networkSeconds: fault.seconds };
    case 'fails-to-start':
      return { startFailure: fault.cause === undefined ? said(fault.reason ?? '') : START_FAILURES[fault.cause] };
    case 'spot-interruption':
      return endsAfter(fault.after, { kind: 'stop', code: fault.stopCode, reason: INTERRUPTED });
    case 'retirement':
      return endsAfter(fault.after, { kind: 'stop', code: 'TerminationNotice', reason: MAINTENANCE });
    case 'host-lost':
      return endsAfter(fault.after, { kind: 'lost', isReported: fault.reported });
    case 'late-logs':
      return { logs: fault };
  }
}

const endsAfter = (afterSeconds: number, end: FateEnd): Fate => ({ end: { afterSeconds, end } });

const said = (reason: string): StartFailure => ({ at: 'pull', reason: () => reason });
