// A node:test reporter that prints failed tests only, each with its error and place.
export default async function* failures(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:fail' || data.details?.error?.failureType === 'subtestsFailed') continue;
    const error = data.details?.error?.cause ?? data.details?.error;
    yield `\nFAILED ${data.name} (${data.file ?? 'unknown file'}:${data.line ?? '?'})\n${error?.stack ?? String(error)}\n`;
  }
}
