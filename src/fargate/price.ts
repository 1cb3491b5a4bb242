import type { TaskSize } from '../model/plan.ts';

/**
 * US dollars an hour for on-demand Linux tasks. Source: AWS Price List API, offer AmazonECS 2026-09-11. ARM in
 * eu-central-1 is not in the copy that was read: x86 less 20 %, as in us-east-1.
 */
const PRICES: Readonly<Record<string, Readonly<Record<'X86_64' | 'ARM64', HourlyPrice>>>> = {
  'us-east-1': { X86_64: { vcpu: 0.04048, gib: 0.004445 }, ARM64: { vcpu: 0.03238, gib: 0.00356 } },
  'eu-central-1': { X86_64: { vcpu: 0.04656, gib: 0.00511 }, ARM64: { vcpu: 0.03725, gib: 0.00409 } },
};

export const PRICES_AS_OF = '2026-09-11';

/** Linux tasks are charged for a minute at least. */
const MINIMUM_SECONDS = 60;

interface HourlyPrice {
  readonly vcpu: number;
  readonly gib: number;
}

/** Dollars for one task of `size` charged for `seconds`; undefined for a region that the table does not have. */
export function dollars(
  size: TaskSize,
  seconds: number,
  region: string,
  architecture: 'X86_64' | 'ARM64',
): number | undefined {
  const price = PRICES[region]?.[architecture];
  if (price === undefined) return undefined;
  const hours = Math.max(Math.ceil(seconds), MINIMUM_SECONDS) / 3600;
  return hours * (size.vcpu * price.vcpu + (size.memoryMiB / 1024) * price.gib);
}
