import { compareText } from './stable-json.ts';

/**
 * The keys of `dependsOn` with each after all that it depends on; among those that are free, by name.
 * Keys on a cycle, and what depends on them, are left out: a shorter result than the input means a cycle.
 */
export function topologicalOrder(dependsOn: ReadonlyMap<string, Iterable<string>>): string[] {
  const waitingFor = new Map<string, number>();
  const dependants = new Map<string, string[]>();
  for (const [key, needs] of dependsOn) {
    const known = new Set([...needs].filter((need) => dependsOn.has(need)));
    waitingFor.set(key, known.size);
    for (const need of known) append(dependants, need, key);
  }
  const free = new SortedQueue([...waitingFor].filter(([, count]) => count === 0).map(([key]) => key));
  const order: string[] = [];
  for (let next = free.shift(); next !== undefined; next = free.shift()) {
    order.push(next);
    for (const dependant of dependants.get(next) ?? []) {
      const left = (waitingFor.get(dependant) ?? 0) - 1;
      waitingFor.set(dependant, left);
      if (left === 0) free.push(dependant);
    }
  }
  return order;
}

/** Appends to the list at `key`, starting one where there is none. */
export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** A binary heap of texts: the smallest comes out first. */
class SortedQueue {
  readonly #heap: string[] = [];

  constructor(items: readonly string[]) {
    for (const item of items) this.push(item);
  }

  push(item: string): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compareText(heap[parent] as string, item) <= 0) break;
      heap[at] = heap[parent] as string;
      at = parent;
    }
    heap[at] = item;
  }

  shift(): string | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && compareText(heap[child + 1] as string, heap[child] as string) < 0) child++;
      if (compareText(heap[child] as string, last) >= 0) break;
      heap[at] = heap[child] as string;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
