// A node:test reporter that writes one JSON line for each test that really ran, failed or was skipped.
export default async function* count(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file and a describe block are frames around tests, not tests; a file that crashes is a failure of its own.
    const isFrame = data.details?.type === 'suite' || (data.nesting === 0 && /[.]test[.]ts$/.test(data.name));
    if (isFrame && type === 'test:pass') continue;
    const outcome = data.skip !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    yield `${JSON.stringify({ outcome, name: data.name, reason: typeof data.skip === 'string' ? data.skip : undefined })}\n`;
  }
}
