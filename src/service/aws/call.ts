import type { ServiceTrouble } from '../../model/trouble.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type { Limiter } from './rates.ts';

const SERVICE_NAMES = { ecs: 'Amazon ECS', logs: 'CloudWatch Logs', s3: 'Amazon S3', sts: 'AWS STS' } as const;

export type ServiceId = keyof typeof SERVICE_NAMES;

export interface Call {
  readonly service: ServiceId;
  readonly operation: string;
  readonly endpoint: string | undefined;
  /** Absent where calls are too few to matter. */
  readonly limit?: Limiter | undefined;
  /** Told of the call when it has ended. */
  readonly report: ((ended: EndedCall) => void) | undefined;
}

/** A call with the SDK's tries together. */
export interface EndedCall {
  readonly service: string;
  readonly operation: string;
  readonly ms: number;
  /** AWS's name for what went wrong; undefined where it went well. */
  readonly code: string | undefined;
}

/** A service's answer to one call, or its refusal. `code` is AWS's own name for it. */
export type Answer<T> = Result<T, ServiceTrouble & { readonly code: string }>;

/** Makes one call (the SDK tries up to three times) and tells apart what can go wrong with it. */
export async function ask<T>(call: Call, send: () => Promise<T>): Promise<Answer<T>> {
  await call.limit?.(call.operation);
  const before = Date.now();
  const answer = await attempt(call, send);
  call.report?.({
    service: SERVICE_NAMES[call.service],
    operation: call.operation,
    ms: Date.now() - before,
    code: answer.ok ? undefined : answer.error.code,
  });
  return answer;
}

async function attempt<T>(call: Call, send: () => Promise<T>): Promise<Answer<T>> {
  try {
    return ok(await send());
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return failed(describe(call, error));
  }
}

interface ServiceError extends Error {
  readonly code?: string;
  /** Of S3. */
  readonly BucketName?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const CREDENTIALS =
  /Credential|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|MissingAuthenticationToken|AuthFailure|RequestExpired/;
const THROTTLED = /Throttl|TooManyRequests|SlowDown|RequestLimitExceeded/;

const PROXY_REFUSES = 407;
const PROXY_HELP = 'give the proxy a name and a password: HTTPS_PROXY=http://name:password@host:port';
/** Node's names for a certificate that it does not trust (`node:tls`, "X509 certificate error codes"). */
const CERTIFICATE = /CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE/;

/** EC2 throttles ECS, which passes it on under another name (dagster-io/dagster#33439, dask/dask-cloudprovider#56). */
const THROTTLED_BEHIND = /Rate exceeded|ErrorCode: (Throttling|RequestLimitExceeded)/;

function isServiceError(error: unknown): error is ServiceError {
  if (!(error instanceof Error)) return false;
  const { code, $metadata, name } = error as ServiceError;
  return (
    $metadata !== undefined ||
    CONNECTION_CODES.has(code ?? '') ||
    CREDENTIALS.test(name) ||
    name === 'TimeoutError' ||
    error instanceof AggregateError
  );
}

function describe({ service, operation, endpoint }: Call, error: ServiceError): ServiceTrouble & { code: string } {
  const common = { service: SERVICE_NAMES[service], operation, code: error.name };
  const detail = error.message || error.code || error.name;
  const status = error.$metadata?.httpStatusCode;
  if (CREDENTIALS.test(error.name)) {
    return {
      ...common,
      kind: 'credentials',
      detail,
      help: 'set AWS_PROFILE or --profile, or log in again (aws sso login)',
    };
  }
  if (error.name === 'NoSuchBucket') {
    const help = "make it (aws s3 mb), or name another one in 'spill' and 'paths'";
    return { ...common, kind: 'refused', detail: `there is no bucket '${error.BucketName}'`, help };
  }
  if (THROTTLED.test(error.name) || THROTTLED_BEHIND.test(detail) || status === 429)
    return { ...common, kind: 'throttled', detail, help: 'try again in a moment' };
  if (status === PROXY_REFUSES)
    return { ...common, kind: 'unreachable', detail: 'the proxy wants to know who asks', help: PROXY_HELP };
  if (status === undefined || status >= 500) {
    const where = endpoint === undefined ? 'its AWS endpoint' : endpoint;
    return { ...common, kind: 'unreachable', detail: `${where}: ${detail}`, help: helpToReach(error, endpoint) };
  }
  return { ...common, kind: 'refused', detail: `${error.name}: ${detail}`, help: 'mend what AWS names' };
}

function helpToReach({ code = '' }: ServiceError, endpoint: string | undefined): string {
  if (CERTIFICATE.test(code))
    return 'where a proxy stands in between, or the endpoint has a certificate of its own, name the file with its authority in AWS_CA_BUNDLE';
  return endpoint === undefined
    ? 'check network and region, and HTTPS_PROXY where there is a proxy'
    : 'check that something answers there, or unset --endpoint-url and AWS_ENDPOINT_URL…';
}
