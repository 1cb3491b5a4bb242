/** The longest `s3://bucket/folder` that all URLs are under; undefined for none, or for several buckets. */
export function commonPrefix(urls: readonly string[]): string | undefined {
  const [first, ...rest] = urls.map((url) => url.split('/').slice(0, -1));
  if (first === undefined) return undefined;
  let length = first.length;
  for (const parts of rest) {
    const differs = first.findIndex((part, index) => parts[index] !== part);
    if (differs !== -1) length = Math.min(length, differs);
  }
  return length < 3 ? undefined : first.slice(0, length).join('/');
}
