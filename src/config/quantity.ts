const MEMORY_UNITS_IN_BYTES: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
};

/** `2`, `0.5`, `"500m"`, `"2 vCPU"` → vCPUs. Undefined for anything else. */
export function parseVcpu(value: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(m|vcpu)?$/i.exec(String(value).trim());
  if (match === null) return undefined;
  const amount = Number(match[1]);
  const vcpu = match[2]?.toLowerCase() === 'm' ? amount / 1000 : amount;
  return vcpu > 0 ? vcpu : undefined;
}

/** A plain number of MiB, or a quantity such as `"2Gi"`, `"512M"`, `"4 GB"` (AWS's GB, 1024 MiB) → MiB, rounded up. */
export function parseMemoryMiB(value: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(String(value).trim());
  if (match === null) return undefined;
  const unit = match[2] === '' ? 2 ** 20 : MEMORY_UNITS_IN_BYTES[match[2] as string];
  if (unit === undefined) return undefined;
  const memoryMiB = Math.ceil((Number(match[1]) * unit) / 2 ** 20);
  return memoryMiB > 0 ? memoryMiB : undefined;
}

const DURATION_UNITS_IN_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** `35`, `"35s"`, `"2m"`, `"1.5h"`, `"1d"` → seconds. Undefined for anything else. */
export function parseSeconds(value: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|h|d|)$/.exec(String(value).trim());
  if (match === null) return undefined;
  const seconds = Number(match[1]) * (DURATION_UNITS_IN_SECONDS[match[2] as string] as number);
  return seconds > 0 ? seconds : undefined;
}
