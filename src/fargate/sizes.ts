import type { TaskSize } from '../model/plan.ts';

/**
 * Task sizes of Fargate for Linux, memory in MiB by CPU units (1024 = 1 vCPU).
 * Source: Amazon ECS Developer Guide, "Fargate task definition differences", task CPU and memory (2026).
 */
const MEMORY_BY_CPU_UNITS: readonly (readonly [cpuUnits: number, memoryMiB: readonly number[]])[] = [
  [256, [512, 1024, 2048]],
  [512, gib(1, 4, 1)],
  [1024, gib(2, 8, 1)],
  [2048, gib(4, 16, 1)],
  [4096, gib(8, 30, 1)],
  [8192, gib(16, 60, 4)],
  [16384, gib(32, 120, 8)],
  [32768, [60, 120, 244].map((size) => size * 1024)],
];

export const LARGEST_SIZE: TaskSize = { vcpu: 32, memoryMiB: 244 * 1024 };

/** The smallest Fargate size with at least this much of both; undefined when there is none. */
export function snapToFargate(wanted: TaskSize): TaskSize | undefined {
  for (const [cpuUnits, sizes] of MEMORY_BY_CPU_UNITS) {
    if (cpuUnits < wanted.vcpu * 1024) continue;
    const memoryMiB = sizes.find((size) => size >= wanted.memoryMiB);
    if (memoryMiB !== undefined) return { vcpu: cpuUnits / 1024, memoryMiB };
  }
  return undefined;
}

/** The next larger memory, at the same vCPUs if they go with it; undefined at the largest. */
export function nextLargerSize({ vcpu, memoryMiB }: TaskSize): TaskSize | undefined {
  return snapToFargate({ vcpu, memoryMiB: memoryMiB + 1 });
}

/** For people: `0.25 vCPU, 512 MiB`, `4 vCPU, 30 GiB`. */
export function describeSize({ vcpu, memoryMiB }: TaskSize): string {
  return `${vcpu} vCPU, ${describeMemory(memoryMiB)}`;
}

export function describeMemory(memoryMiB: number): string {
  return memoryMiB % 1024 === 0 ? `${memoryMiB / 1024} GiB` : `${memoryMiB} MiB`;
}

function gib(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => (from + index * step) * 1024);
}
