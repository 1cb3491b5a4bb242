/** What a request to S3 is, by its method, what its path names, and its query. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'GET /': 'ListBuckets',
  'PUT /bucket': 'CreateBucket',
  'HEAD /bucket': 'HeadBucket',
  'GET /bucket': 'ListObjectsV2',
  'POST /bucket': 'DeleteObjects',
  'DELETE /bucket': 'DeleteBucket',
  'PUT /bucket/key': 'PutObject',
  'HEAD /bucket/key': 'HeadObject',
  'GET /bucket/key': 'GetObject',
  'DELETE /bucket/key': 'DeleteObject',
  'POST /bucket/key?uploads': 'CreateMultipartUpload',
  'PUT /bucket/key?uploadId': 'UploadPart',
  'POST /bucket/key?uploadId': 'CompleteMultipartUpload',
  'DELETE /bucket/key?uploadId': 'AbortMultipartUpload',
};

export const S3_OPERATION_NAMES = Object.values(OPERATIONS).map((name) => `s3:${name}`);

/** `target` is path and query as they were sent; `object` is the S3 URL of what the request is about. */
export function s3Operation(method: string, target: string): { operation: string; object: string } {
  const { pathname, searchParams } = new URL(target, 'http://s3');
  const [bucket = '', ...key] = decodeURIComponent(pathname.slice(1)).split('/');
  const place = bucket === '' ? '/' : key.join('/') === '' ? '/bucket' : '/bucket/key';
  const part = ['uploads', 'uploadId'].find((name) => searchParams.has(name));
  const name = OPERATIONS[`${method} ${place}${part === undefined ? '' : `?${part}`}`];
  return { operation: `s3:${name ?? method}`, object: `s3://${[bucket, ...key].join('/')}` };
}
