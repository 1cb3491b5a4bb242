import type { EndedCall } from './call.ts';

/** How to reach an AWS account. What is undefined is left to the SDK's own chain. */
export interface AwsAccount {
  readonly region: string;
  readonly profile: string | undefined;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly endpoints: AwsEndpoints;
  /** Told of every call that has ended. */
  readonly report?: (ended: EndedCall) => void;
}

/** Endpoints other than AWS's own, as the AWS CLI's variables name them. */
export interface AwsEndpoints {
  readonly ecs: string | undefined;
  readonly logs: string | undefined;
  readonly s3: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** `--endpoint-url` for all services, else `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`. */
export function endpointsFrom(variables: Variables, flag: string | undefined): AwsEndpoints {
  const all = flag ?? variables['AWS_ENDPOINT_URL'];
  const of = (service: string) => flag ?? variables[`AWS_ENDPOINT_URL_${service}`] ?? all;
  return { ecs: of('ECS'), logs: of('CLOUDWATCH_LOGS'), s3: of('S3') };
}

/** Options that every client of the SDK takes. */
export function clientOptions(account: AwsAccount, endpoint: string | undefined) {
  return {
    region: account.region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(account.profile === undefined ? {} : { profile: account.profile }),
    ...(account.credentials === undefined ? {} : { credentials: account.credentials }),
    // Without them a connection that hangs would hang for ever.
    requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
  };
}
