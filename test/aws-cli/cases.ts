export interface Case {
  readonly name: string;
  readonly env?: Record<string, string>;
  readonly flags?: { readonly region?: string; readonly profile?: string; readonly endpointUrl?: string };
  /** `~/.aws/config` and `~/.aws/credentials`. */
  readonly config?: string;
  readonly credentials?: string;
  /** Other files, below the home folder. */
  readonly files?: Record<string, string>;
  /** What botocore cannot say: it knows no AWS_REGION, which the AWS CLI does. */
  readonly ours?: { readonly region: string };
}

/** A case with its home folder made. */
export interface Asked {
  readonly env: Record<string, string>;
  readonly flags: { readonly region?: string; readonly profile?: string; readonly endpointUrl?: string };
  readonly sts: string;
}

const keys = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key = secret\n`;
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'secret' };
const REGION = { AWS_DEFAULT_REGION: 'eu-central-1' };
const TEAM = `[profile team]\nregion = eu-west-3\n${keys('AKIATEAM')}`;

/** `{sts}` is the address of the service, `{home}` the home folder. */
export const CASES: readonly Case[] = [
  { name: 'keys and region of the environment', env: { ...KEYS, ...REGION } },
  { name: 'a session token', env: { ...KEYS, ...REGION, AWS_SESSION_TOKEN: 'token' } },
  { name: 'the default profile', config: `[default]\nregion = us-west-2\n${keys('AKIADEFAULT')}` },
  {
    name: 'keys in the other file',
    config: '[default]\nregion = us-west-2\n',
    credentials: `[default]\n${keys('AKIAOTHER')}`,
  },
  {
    name: 'a profile in both files: the credentials file wins',
    config: `[profile team]\nregion = us-west-2\n${keys('AKIACONFIG')}`,
    credentials: `[team]\nregion = us-east-2\n${keys('AKIACREDENTIALS')}`,
    env: { AWS_PROFILE: 'team' },
  },
  {
    name: 'AWS_PROFILE',
    config: `[default]\nregion = us-west-2\n${keys('AKIADEFAULT')}${TEAM}`,
    env: { AWS_PROFILE: 'team' },
  },
  { name: 'AWS_DEFAULT_PROFILE', config: TEAM, env: { AWS_DEFAULT_PROFILE: 'team' } },
  {
    name: 'AWS_PROFILE and AWS_DEFAULT_PROFILE',
    config: `${TEAM}[profile other]\nregion = us-west-1\n${keys('AKIAOTHER')}`,
    env: { AWS_PROFILE: 'other', AWS_DEFAULT_PROFILE: 'team' },
  },
  {
    name: '--profile over AWS_PROFILE',
    config: `${TEAM}[profile other]\nregion = us-west-1\n${keys('AKIAOTHER')}`,
    env: { AWS_PROFILE: 'other' },
    flags: { profile: 'team' },
  },
  { name: '--profile over keys of the environment', config: TEAM, env: KEYS, flags: { profile: 'team' } },
  {
    name: 'keys of the environment over AWS_PROFILE, whose region counts',
    config: TEAM,
    env: { ...KEYS, AWS_PROFILE: 'team' },
  },
  {
    name: 'AWS_DEFAULT_REGION over the region of the profile',
    config: TEAM,
    env: { AWS_PROFILE: 'team', AWS_DEFAULT_REGION: 'sa-east-1' },
  },
  { name: '--region over all', config: TEAM, env: { AWS_PROFILE: 'team', ...REGION }, flags: { region: 'ap-south-1' } },
  {
    name: 'AWS_REGION over AWS_DEFAULT_REGION',
    env: { ...KEYS, ...REGION, AWS_REGION: 'eu-north-1' },
    ours: { region: 'eu-north-1' },
  },
  {
    name: 'AWS_REGION over the region of the profile',
    config: TEAM,
    env: { AWS_PROFILE: 'team', AWS_REGION: 'eu-north-1' },
    ours: { region: 'eu-north-1' },
  },
  {
    name: 'files in other places',
    files: { 'elsewhere/c': '[default]\nregion = us-west-2\n', 'elsewhere/k': `[default]\n${keys('AKIAELSEWHERE')}` },
    env: { AWS_CONFIG_FILE: '{home}/elsewhere/c', AWS_SHARED_CREDENTIALS_FILE: '{home}/elsewhere/k' },
  },
  { name: 'comments and blanks', config: `# ours\n[ default ]\n; old\nregion=us-west-2\n\n${keys('AKIACOMMENT')}` },
  { name: 'a profile that is not there', config: TEAM, env: { ...REGION, AWS_PROFILE: 'teem' } },
  { name: 'a profile that is not there, and no files', env: REGION, flags: { profile: 'team' } },
  {
    name: 'endpoint of one service and of all, in the environment',
    env: { ...KEYS, ...REGION, AWS_ENDPOINT_URL: 'http://all:1', AWS_ENDPOINT_URL_ECS: 'http://ecs:2' },
  },
  { name: 'endpoint of the logs', env: { ...KEYS, ...REGION, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: 'http://logs:3' } },
  {
    name: '--endpoint-url over the environment',
    env: { ...KEYS, ...REGION, AWS_ENDPOINT_URL_ECS: 'http://ecs:2' },
    flags: { endpointUrl: 'http://flag:9' },
  },
  { name: 'endpoint of a profile', config: `${TEAM}endpoint_url = http://profile:4\n`, env: { AWS_PROFILE: 'team' } },
  {
    name: 'endpoints of services of a profile',
    config: `${TEAM}endpoint_url = http://profile:4\nservices = mine\n[services mine]\necs =\n  endpoint_url = http://ecs:5\ncloudwatch_logs =\n  endpoint_url = http://logs:6\n`,
    env: { AWS_PROFILE: 'team' },
  },
  {
    name: 'the environment over the services of a profile',
    config: `${TEAM}services = mine\n[services mine]\necs =\n  endpoint_url = http://ecs:5\n`,
    env: { AWS_PROFILE: 'team', AWS_ENDPOINT_URL: 'http://all:1' },
  },
  {
    name: 'endpoints ignored by the environment',
    config: `${TEAM}endpoint_url = http://profile:4\n`,
    env: { AWS_PROFILE: 'team', AWS_ENDPOINT_URL_ECS: 'http://ecs:2', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
  },
  {
    name: 'endpoints ignored by the profile',
    config: `${TEAM}endpoint_url = http://profile:4\nignore_configured_endpoint_urls = true\n`,
    env: { AWS_PROFILE: 'team' },
  },
  {
    name: 'a role with a source profile',
    config: `[profile team]\nregion = eu-west-3\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n[profile base]\n${keys('AKIABASE')}`,
    env: { AWS_PROFILE: 'team', AWS_ENDPOINT_URL_STS: '{sts}' },
  },
  {
    name: 'a role with the keys of the environment',
    config:
      '[profile team]\nregion = eu-west-3\nrole_arn = arn:aws:iam::123456789012:role/deploy\ncredential_source = Environment\n',
    env: { ...KEYS, AWS_ENDPOINT_URL_STS: '{sts}' },
    flags: { profile: 'team' },
  },
  {
    name: 'a role by web identity',
    files: { token: 'a token' },
    env: {
      ...REGION,
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/web',
      AWS_WEB_IDENTITY_TOKEN_FILE: '{home}/token',
      AWS_ENDPOINT_URL_STS: '{sts}',
    },
  },
  {
    name: 'a credential process',
    config: `[profile team]\nregion = eu-west-3\ncredential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"secret"}'\n`,
    env: { AWS_PROFILE: 'team', PATH: '/usr/bin:/bin' },
  },
  {
    name: 'SSO with a token that holds',
    config:
      '[profile team]\nregion = eu-west-3\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = ml\n[sso-session s]\nsso_region = eu-west-3\nsso_start_url = https://example.awsapps.com/start\n',
    // The name of the file is the SHA-1 of the session's.
    files: {
      '.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json':
        '{"accessToken":"t","expiresAt":"2100-01-01T00:00:00Z"}',
    },
    env: { AWS_PROFILE: 'team', AWS_ENDPOINT_URL_SSO: '{sts}' },
  },
  {
    name: 'keys that AWS does not know',
    env: { ...REGION, AWS_ACCESS_KEY_ID: 'AKIAWRONG', AWS_SECRET_ACCESS_KEY: 'x' },
  },
  { name: 'keys that have expired', env: { ...REGION, AWS_ACCESS_KEY_ID: 'AKIAEXPIRED', AWS_SECRET_ACCESS_KEY: 'x' } },
];
