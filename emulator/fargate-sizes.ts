const GIB = 1024;

function range(options: { from: number; to: number; step: number }): number[] {
  const count = (options.to - options.from) / options.step + 1;
  return Array.from({ length: count }, (_, index) => (options.from + index * options.step) * GIB);
}

// AmazonECS/latest/developerguide/fargate-tasks-services.html, "Task CPU and memory".
const SIZES: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1 * GIB, 2 * GIB],
  512: range({ from: 1, to: 4, step: 1 }),
  1024: range({ from: 2, to: 8, step: 1 }),
  2048: range({ from: 4, to: 16, step: 1 }),
  4096: range({ from: 8, to: 30, step: 1 }),
  8192: range({ from: 16, to: 60, step: 4 }),
  16384: range({ from: 32, to: 120, step: 8 }),
  32768: [60 * GIB, 120 * GIB, 244 * GIB],
};

export const isFargateSize = (cpuUnits: number, memoryMiB: number): boolean =>
  SIZES[cpuUnits]?.includes(memoryMiB) ?? false;

/** `"1024"`, `"1 vCPU"` and `"0.5 vcpu"` as CPU units; undefined when it is none of these. */
export function cpuUnits(value: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*(vcpu)?$/i.exec(value.trim());
  if (!found) return undefined;
  return found[2] ? Number(found[1]) * 1024 : Number(found[1]);
}

/** `"3072"` and `"3 GB"` as MiB; undefined when it is neither. */
export function memoryMiB(value: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*(gb)?$/i.exec(value.trim());
  if (!found) return undefined;
  return found[2] ? Number(found[1]) * GIB : Number(found[1]);
}
