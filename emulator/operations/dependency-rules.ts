import { clientException } from '../aws-error.ts';
import { type Input, object, objects, text } from '../input.ts';

// APIReference/API_ContainerDependency.
export function checkDependencies(containers: readonly Input[]): void {
  for (const container of containers) {
    for (const dependency of objects(container, 'dependsOn') ?? []) checkDependency(dependency, containers);
  }
  const cycle = containers.find((container) => reaches(container, { target: container, containers, seen: new Set() }));
  if (cycle)
    throw clientException(`Container dependencies should not have a cycle: '${cycle.name}' depends on itself.`);
}

function checkDependency(dependency: Input, containers: readonly Input[]): void {
  const name = text(dependency, 'containerName') ?? '';
  const condition = text(dependency, 'condition') ?? '';
  const other = containers.find((container) => container.name === name);
  if (!other) throw clientException(`Cannot depend on container + '${name}' because it does not exist`);
  if (['SUCCESS', 'COMPLETE'].includes(condition) && other.essential !== false) {
    throw clientException('A dependency container with SUCCESS or COMPLETE condition cannot be an essential container');
  }
  if (condition === 'HEALTHY' && !object(other, 'healthCheck')) {
    throw clientException(
      `A dependency container with HEALTHY condition needs a health check, which '${name}' has not.`,
    );
  }
}

interface Search {
  readonly target: Input;
  readonly containers: readonly Input[];
  readonly seen: Set<Input>;
}

/** Whether the target is among what a container depends on, directly or not. */
function reaches(container: Input, search: Search): boolean {
  const dependencies = objects(container, 'dependsOn') ?? [];
  return dependencies.some(({ containerName }) => {
    const other = search.containers.find(({ name }) => name === containerName);
    if (!other || search.seen.has(other)) return false;
    search.seen.add(other);
    return other === search.target || reaches(other, search);
  });
}
