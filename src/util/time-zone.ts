/** What is wrong with a name of the IANA database; undefined where nothing is. */
export function zoneProblem(name: string): string | undefined {
  if (/^[+-]|\d:\d/.test(name)) return 'an offset has no summer time';
  try {
    // Also takes names that the list leaves out, such as US/Eastern.
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return 'there is none of that name';
  }
  // Here they may be written in any case, in Python not.
  const known = timeZones().find((zone) => zone.toLowerCase() === name.toLowerCase());
  return known === undefined || known === name ? undefined : 'its name is written otherwise';
}

export function timeZones(): string[] {
  return Intl.supportedValuesOf('timeZone');
}
