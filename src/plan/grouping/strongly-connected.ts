/**
 * Tarjan's algorithm, with its own stack so that long chains do not overflow the call stack.
 * Returns the components of the graph; each key stands in exactly one.
 */
export function stronglyConnected(next: ReadonlyMap<string, Iterable<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const components: string[][] = [];

  const open = (key: string) => {
    index.set(key, index.size);
    low.set(key, index.size - 1);
    stack.push(key);
    onStack.add(key);
    return { key, rest: [...(next.get(key) ?? [])].values() };
  };
  const lower = (key: string, value: number | undefined) => low.set(key, Math.min(low.get(key) ?? 0, value ?? 0));

  for (const start of next.keys()) {
    if (index.has(start)) continue;
    const path = [open(start)];
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const step = frame.rest.next();
      if (!step.done) {
        if (!index.has(step.value)) path.push(open(step.value));
        else if (onStack.has(step.value)) lower(frame.key, index.get(step.value));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.key, low.get(frame.key));
      if (low.get(frame.key) === index.get(frame.key)) components.push(popComponent(frame.key, stack, onStack));
    }
  }
  return components;
}

function popComponent(root: string, stack: string[], onStack: Set<string>): string[] {
  const component: string[] = [];
  for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
    onStack.delete(key);
    component.push(key);
    if (key === root) break;
  }
  return component;
}
