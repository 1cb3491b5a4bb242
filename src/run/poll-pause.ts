const SHORTEST_MS = 150;
const PER_ATTEMPT_MS = 15;
const LONGEST_FOR_WIDTH_MS = 5000;
const LONGEST_FOR_AGE_MS = 2000;

/**
 * How long to wait between two looks at the attempts under way. Short for few that have just begun; longer where there
 * are many (of them one is always about to end, and a call describes 100), and where none has ended for long: a
 * hundredth of what an attempt takes is not noticed.
 */
export function pollPause(attempts: number, youngestMs: number): number {
  const forWidth = Math.min(SHORTEST_MS + PER_ATTEMPT_MS * attempts, LONGEST_FOR_WIDTH_MS);
  const forAge = Math.min(youngestMs / 100, LONGEST_FOR_AGE_MS);
  return Math.max(forWidth, forAge);
}

const FIRST_AFTER_FAILURE_MS = 500;
const LONGEST_AFTER_FAILURE_MS = 10_000;

/** And after so many looks in a row that failed: a service that is overloaded is not asked all the more. */
export function pauseAfter(failed: number): number {
  return failed === 0 ? 0 : Math.min(FIRST_AFTER_FAILURE_MS * 2 ** (failed - 1), LONGEST_AFTER_FAILURE_MS);
}
