import { closest, distance } from 'fastest-levenshtein';

/** The one of `known` that was meant by `word`, if any is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const near = known.length > 0 ? closest(word, known) : undefined;
  return near !== undefined && distance(word, near) <= Math.max(2, word.length / 3) ? near : undefined;
}
