const UNITS = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** For people, in one unit: `24 h`, `90 s`, `2.5 min`. */
export function describeDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= 2 * size) ?? ['s', 1000];
  return `${Number((ms / size).toFixed(1))} ${unit}`;
}
