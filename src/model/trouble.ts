/** A service outside that could not be reached, or that refused. Neither a finding about the project nor our bug. */
export interface ServiceTrouble {
  readonly kind: 'unreachable' | 'credentials' | 'refused' | 'throttled';
  /** As a user knows it: `Amazon ECS`. */
  readonly service: string;
  /** What was asked of it: `RunTask`. */
  readonly operation: string;
  /** What it answered, or why it did not, in its own words. */
  readonly detail: string;
  /** What to do. */
  readonly help: string;
}

/** Whether the same request may be answered a moment later, with nobody doing anything about it. */
export function isPassing({ kind }: ServiceTrouble): boolean {
  return kind === 'unreachable' || kind === 'throttled';
}
