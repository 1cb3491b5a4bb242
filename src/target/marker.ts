/** The first line of every file that Wherry writes for another system. Only files with it are ever overwritten. */
export function markerLine(comment: string, planHash: string): string {
  return `${comment} wherry: plan ${planHash}`;
}

export function hasMarker(content: string): boolean {
  const [first = ''] = content.split('\n', 1);
  // A manifest is JSON, which has no comments: it names the plan itself.
  return /wherry: plan [0-9a-f]{64}$/.test(first) || /^\{"planHash":"[0-9a-f]{64}"/.test(first);
}
