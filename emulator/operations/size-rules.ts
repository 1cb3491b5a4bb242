import { clientException } from '../aws-error.ts';
import { cpuUnits, memoryMiB } from '../fargate-sizes.ts';
import { type Input, number, text } from '../input.ts';

// APIReference/API_ContainerDefinition: the memory and cpu of all containers must be at most those of the task.
export function checkSizes(input: Input, containers: readonly Input[]): void {
  for (const resource of ['memory', 'cpu'] as const) {
    const written = text(input, resource);
    const limit = written && (resource === 'cpu' ? cpuUnits(written) : memoryMiB(written));
    let sum = 0;
    for (const container of containers) {
      const soft = resource === 'memory' ? number(container, 'memoryReservation') : undefined;
      const wanted = soft ?? number(container, resource) ?? 0;
      sum += wanted;
      if (limit && (wanted > limit || (number(container, resource) ?? 0) > limit)) {
        throw clientException(
          `The '${resource}' setting for container '${container.name}' is greater than for the task.`,
        );
      }
      if (!written && resource === 'memory' && wanted === 0) {
        throw clientException(
          `Invalid setting for container '${container.name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
        );
      }
    }
    if (limit && sum > limit) {
      throw clientException(`The sum of the '${resource}' settings of the containers is greater than for the task.`);
    }
  }
}
