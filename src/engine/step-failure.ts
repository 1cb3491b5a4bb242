import type { Failure } from '../model/run.ts';
import type { StepEvent } from '../model/step-event.ts';

/** Why a container that ended with `exitCode` failed, by what its step said before. Undefined for success. */
export function failureOf(exitCode: number, events: readonly StepEvent[], detail: string): Failure | undefined {
  if (exitCode === 0) return undefined;
  const node = events.findLast((event) => event.event === 'node-failed');
  if (node?.exception === 'ProgramFailed' && KILLED.test(node.message))
    return { reason: 'out-of-memory', blame: 'user', exitCode, detail: `node '${node.node}': ${node.message}` };
  if (node !== undefined)
    return { reason: 'node-raised', blame: 'user', node: node.node, exception: node.exception, detail: node.message };
  // Only its step ends a container that has reported like this.
  const passes = exitCode === PASSES && events.length > 0;
  const about = passes ? ({ blame: 'platform', remedy: REACH_S3 } as const) : ({ blame: 'user' } as const);
  const step = events.findLast((event) => event.event === 'step-failed');
  if (step !== undefined) return { reason: 'step-failed', ...about, exception: step.exception, detail: step.message };
  if (exitCode > 128) return { reason: 'killed', blame: 'user', exitCode, detail };
  return { reason: 'exit-nonzero', ...about, exitCode, detail };
}

/** How the bootstrap and the step end when S3 was not there for them (bridge/PROTOCOL.md §2 and §3). */
export const PASSES = 75;

export const REACH_S3 =
  'S3 could not be reached, or was overloaded, for a while. If it is so every time: do the subnets have a way to it (a NAT gateway, or a VPC endpoint), and does a DNS or a proxy stand in between?';

/** A program that nobody asked to stop is killed by the kernel, for want of memory (bridge/step.py, how_it_ended). */
const KILLED = /was killed by signal 9\b/;
