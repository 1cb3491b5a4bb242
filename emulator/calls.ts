interface Count {
  calls: number;
  /** How many of the calls ended with this error, by its name. */
  readonly errors: Record<string, number>;
}

/** How often each operation was called, by its name in IAM: `ecs:RunTask`. */
export class Calls {
  readonly #counts = new Map<string, Count>();

  count(operation: string, error?: string): void {
    const count = this.#counts.get(operation) ?? { calls: 0, errors: {} };
    this.#counts.set(operation, count);
    count.calls += 1;
    if (error !== undefined) count.errors[error] = (count.errors[error] ?? 0) + 1;
  }

  shown(): { total: number; operations: Record<string, Count> } {
    const total = [...this.#counts.values()].reduce((sum, { calls }) => sum + calls, 0);
    return { total, operations: Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))) };
  }

  reset(): void {
    this.#counts.clear();
  }
}
