import { invalidParameter } from './aws-error.ts';

/** One page of a list and the token of the next. The token names the place in the list; clients take it as opaque. */
export function page<T>(all: readonly T[], options: { token: string | undefined; size: number | undefined }) {
  const size = options.size ?? 100;
  // APIReference/API_ListTasks and API_ListTaskDefinitions: between 1 and 100, and 100 unless said otherwise.
  if (size < 1 || size > 100) throw invalidParameter('maxResults must be between 1 and 100.');
  const start = options.token === undefined ? 0 : startOf(options.token);
  const items = all.slice(start, start + size);
  const end = start + items.length;
  return { items, ...(end < all.length ? { nextToken: tokenOf(end) } : {}) };
}

const tokenOf = (start: number): string => Buffer.from(JSON.stringify({ start })).toString('base64url');

function startOf(token: string): number {
  try {
    const { start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { start: unknown };
    if (Number.isInteger(start)) return start as number;
  } catch {
    // Falls through: the token is none of ours.
  }
  throw invalidParameter('Invalid token');
}
