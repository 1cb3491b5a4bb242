import { failed, ok, type Result } from '../../util/result.ts';
import type { EndedCall } from './call.ts';
import { type Connections, connectionsBy, PATIENCE } from './connections.ts';
import { type Profile, readProfiles } from './profiles.ts';

/** How to reach an AWS account. */
export interface AwsAccount {
  readonly region: string;
  /** The profile that has the credentials; undefined where the SDK's own chain finds them. */
  readonly profile: string | undefined;
  /** Those of the environment, or of an emulator. */
  readonly credentials: AwsKeys | undefined;
  readonly endpoints: AwsEndpoints;
  /** Undefined where they are made directly. */
  readonly connections?: Connections | undefined;
  /** Told of every call that has ended. */
  readonly report?: (ended: EndedCall) => void;
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Endpoints other than AWS's own. */
export interface AwsEndpoints {
  readonly ecs: string | undefined;
  readonly logs: string | undefined;
  readonly s3: string | undefined;
  readonly sts: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** What flags and settings say. */
export interface AccountRequest {
  /** `--region`, else the settings'. */
  readonly region: string | undefined;
  /** `--profile`. */
  readonly profile: string | undefined;
  /** `--endpoint-url`. */
  readonly endpointUrl: string | undefined;
}

/**
 * The account as the AWS CLI would find it, which the SDK alone does not: it knows neither AWS_DEFAULT_REGION nor
 * AWS_DEFAULT_PROFILE, and of keys in the environment and AWS_PROFILE it takes the profile. What is wrong, in a sentence.
 */
export async function resolveAccount(
  request: AccountRequest,
  variables: Variables,
): Promise<Result<AwsAccount, string>> {
  const of = (name: string) => variables[name] || undefined;
  const named = request.profile ?? of('AWS_DEFAULT_PROFILE') ?? of('AWS_PROFILE');
  const profiles = await readProfiles(variables);
  const profile = profiles.get(named ?? 'default');
  if (profile === undefined && named !== undefined)
    return failed(`there is no AWS profile '${named}' in ${profiles.files}${known(profiles.names)}`);
  const region = request.region ?? of('AWS_REGION') ?? of('AWS_DEFAULT_REGION') ?? profile?.values['region'];
  if (region === undefined)
    return failed('no AWS region is set: use --region, execution_engine.region, AWS_REGION or the region of a profile');
  const [accessKeyId, secretAccessKey] = [of('AWS_ACCESS_KEY_ID'), of('AWS_SECRET_ACCESS_KEY')];
  const sessionToken = of('AWS_SESSION_TOKEN');
  const credentials =
    request.profile === undefined && accessKeyId !== undefined && secretAccessKey !== undefined
      ? { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
      : undefined;
  const caBundle = of('AWS_CA_BUNDLE') ?? profile?.values['ca_bundle'];
  const connections = await connectionsBy({ of, caBundle });
  if (!connections.ok) return connections;
  return ok({
    region,
    profile: credentials === undefined ? named : undefined,
    credentials,
    endpoints: endpointsOf(request, { of, profile }),
    connections: connections.value,
  });
}

function known(names: readonly string[]): string {
  return names.length === 0 ? ', where there are none' : `. Profiles: ${names.join(', ')}`;
}

/** In this order: the flag, the service's variable, the one for all, the service's in the profile, the one for all there. */
function endpointsOf(
  { endpointUrl }: AccountRequest,
  { of, profile }: { readonly of: (name: string) => string | undefined; readonly profile: Profile | undefined },
): AwsEndpoints {
  const ignores = of('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS') ?? profile?.values['ignore_configured_endpoint_urls'];
  const isIgnored = ignores?.toLowerCase() === 'true';
  const endpoint = (service: string) => {
    if (endpointUrl !== undefined || isIgnored) return endpointUrl;
    const variable = of(`AWS_ENDPOINT_URL_${service}`) ?? of('AWS_ENDPOINT_URL');
    return variable ?? profile?.services[`${service.toLowerCase()}.endpoint_url`] ?? profile?.values['endpoint_url'];
  };
  return { ecs: endpoint('ECS'), logs: endpoint('CLOUDWATCH_LOGS'), s3: endpoint('S3'), sts: endpoint('STS') };
}

/** Options that every client of the SDK takes. */
export function clientOptions(account: AwsAccount, endpoint: string | undefined) {
  const { region, profile, credentials, connections } = account;
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
    ...(connections === undefined ? {} : { credentialDefaultProvider: connections.credentialChain }),
    requestHandler: { ...PATIENCE, ...(connections === undefined ? {} : { httpsAgent: connections.makeAgent() }) },
  };
}
