import type { Failure } from '../../model/run.ts';

/** Where ECS says it: `Name: message` of an error of RunTask, the `failures` of one that was answered, the stop code of a task, and the reasons of one that never ran, or of any that stopped. */
export type Place = 'error' | 'failures' | 'stop-code' | 'not-started' | 'stopped';

interface Row {
  readonly in: readonly Place[];
  readonly match: RegExp;
  readonly as: Kind;
  /** What to do; absent where there is nothing but to try again. */
  readonly remedy?: string;
}

/** Kinds of failure that ECS itself tells, and that have no more to say than why. */
type Kind =
  | Pick<Extract<Failure, { reason: 'not-started' }>, 'reason' | 'blame'>
  | Pick<Extract<Failure, { reason: 'no-connection' | 'over-quota' | 'no-address' }>, 'reason' | 'blame'>
  | Pick<Extract<Failure, { reason: 'no-capacity' | 'interrupted' }>, 'reason' | 'blame'>
  | Pick<Extract<Failure, { reason: 'cancelled' }>, 'reason' | 'blame'>;

const CANNOT_START: Kind = { reason: 'not-started', blame: 'platform' };
const WILL_NOT_START: Kind = { reason: 'not-started', blame: 'user' };
const NO_CONNECTION: Kind = { reason: 'no-connection', blame: 'user' };
const NO_CAPACITY: Kind = { reason: 'no-capacity', blame: 'platform' };
const OVER_QUOTA: Kind = { reason: 'over-quota', blame: 'user' };
const NO_ADDRESS: Kind = { reason: 'no-address', blame: 'user' };
const INTERRUPTED: Kind = { reason: 'interrupted', blame: 'platform' };
const CANCELLED: Kind = { reason: 'cancelled', blame: 'request' };

const MORE_ZONES = 'add subnets in other availability zones, or take another size';
const CONNECT =
  'do the subnets have a way out (assign_public_ip, a NAT gateway, or endpoints for ECR, S3, Logs and secrets), and do the security groups allow it?';

/**
 * What ECS says when a task does not run, or runs no more. The first row that matches holds; Fargate cuts long texts,
 * so that beginnings decide. Sources: ECS API reference (RunTask, errors; Task, stopCode); ECS Developer Guide, "Stopped
 * tasks error messages", "CannotPullContainer task errors", "API failure reasons"; and where a page is silent, public
 * reports that quote the service: gchq/sleeper#904, apache/airflow#15000, wellcomecollection/platform#3875, telia-oss/terraform-aws-ecs-fargate#58.
 * Throttling and troubles of the service itself are no answer: service/aws/call.ts.
 */
export const FAILURE_TABLE: readonly Row[] = [
  { in: ['error', 'failures', 'not-started'], match: /Capacity is unavailable/, as: NO_CAPACITY, remedy: MORE_ZONES },
  {
    in: ['error', 'failures'],
    match: /limit on the number of (vCPUs|tasks)/,
    as: OVER_QUOTA,
    remedy: 'ask for more Fargate vCPUs in Service Quotas (L-3032A538, for Spot L-36FBB829)',
  },
  {
    // ECS makes it when an account uses ECS first, which takes a moment (awslabs/fargatecli#35).
    in: ['error'],
    match: /Unable to assume the service linked role/i,
    as: CANNOT_START,
    remedy:
      'the account has never used ECS: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com makes what it lacks, and who may not call that asks an administrator',
  },
  {
    // A role that was just made is not known everywhere for some seconds (IAM User Guide, "Troubleshoot IAM": eventual consistency).
    in: ['error', 'failures', 'not-started'],
    match: /ECS was unable to assume the role/i,
    as: CANNOT_START,
    remedy:
      'where the role was not made a moment ago: its trust policy must let ecs-tasks.amazonaws.com call sts:AssumeRole, and a role of that name must be in this account',
  },
  {
    in: ['error'],
    match: /^ClusterNotFoundException/,
    as: WILL_NOT_START,
    remedy: 'make the cluster, or set execution_engine.cluster and region to where it is',
  },
  {
    in: ['error'],
    match: /^AccessDenied|not authorized to perform/,
    as: WILL_NOT_START,
    remedy: 'who starts tasks needs ecs:RunTask, and iam:PassRole for the task role and the execution role',
  },
  {
    in: ['error'],
    match: /^BlockedException/,
    as: WILL_NOT_START,
    remedy: 'AWS has blocked the account: its support knows why',
  },
  {
    in: ['error'],
    match: /^Platform(Unknown|TaskDefinitionIncompatibility)Exception/,
    as: WILL_NOT_START,
    remedy: 'set execution_engine.platform_version to LATEST',
  },
  {
    in: ['error'],
    match: /^UnsupportedFeatureException/,
    as: WILL_NOT_START,
    remedy: 'this region lacks what the settings ask for: leave it out, or take another region',
  },
  {
    in: ['error'],
    match: /capacity provider/i,
    as: WILL_NOT_START,
    remedy:
      'associate FARGATE and FARGATE_SPOT with the cluster (aws ecs put-cluster-capacity-providers), or leave spot out',
  },
  {
    in: ['error'],
    match: /No Fargate configuration exists|Invalid '(cpu|memory)' setting/,
    as: WILL_NOT_START,
    remedy: 'Fargate has no such size in this region: see resources',
  },
  {
    in: ['error'],
    match: /subnet|security group/i,
    as: WILL_NOT_START,
    remedy: 'execution_engine.subnets and security_groups must be of one VPC in this region',
  },
  { in: ['error'], match: /^/, as: WILL_NOT_START, remedy: 'mend what AWS names' },

  { in: ['failures'], match: /^RESOURCE:FARGATE/, as: NO_CAPACITY, remedy: MORE_ZONES },
  {
    in: ['failures'],
    match: /^(RESOURCE|AGENT|ATTRIBUTE|LOCATION)/,
    as: WILL_NOT_START,
    remedy: 'this is said of EC2 instances: the task definition, or the strategy of the cluster, is not for Fargate',
  },
  { in: ['failures'], match: /^/, as: CANNOT_START },

  { in: ['stopped', 'not-started'], match: /maintenance on the underlying infrastructure/, as: INTERRUPTED },
  { in: ['stop-code'], match: /^(SpotInterruption|TerminationNotice|InfrastructureHealth)$/, as: INTERRUPTED },
  { in: ['stop-code'], match: /^(UserInitiated|ServiceSchedulerInitiated)$/, as: CANCELLED },

  { in: ['not-started'], match: /Timeout waiting for network interface provisioning/i, as: CANNOT_START },
  {
    in: ['not-started'],
    match: /Create Network Interface.*subnet|free addresses/is,
    as: NO_ADDRESS,
    remedy: 'add a subnet, or take one with more addresses',
  },
  {
    in: ['not-started'],
    match: /InternalError|ContainerRuntimeTimeoutError|Could not transition to running; timed out after waiting/,
    as: CANNOT_START,
  },
  {
    in: ['not-started'],
    match: /no space left on device/,
    as: WILL_NOT_START,
    remedy: 'the image is larger than the disk: set execution_engine.ephemeral_storage.size_in_gib',
  },
  {
    in: ['not-started'],
    match: /exec format error|does not contain descriptor matching platform/i,
    as: WILL_NOT_START,
    remedy:
      'the image is for another processor: set execution_engine.runtime_platform.cpu_architecture, or build it for this one',
  },
  {
    in: ['not-started'],
    match: /CannotPullContainer.*(\b429\b|toomanyrequests|Too Many Requests)/is,
    as: CANNOT_START,
    remedy: 'the registry limits pulls: keep the image in ECR',
  },
  {
    in: ['not-started'],
    match:
      /CannotPullContainer.*(connection issue|i\/o timeout|context deadline|TLS handshake|request cancell?ed|\b503\b)/is,
    as: CANNOT_START,
    remedy: `if it is so every time: ${CONNECT}`,
  },
  {
    in: ['not-started'],
    match:
      /CannotPullContainer.*(access denied|no permission|has the permissions|not authorized|AccessDenied|403 Forbidden)/is,
    as: WILL_NOT_START,
    remedy:
      'the execution role may not pull the image, or there is none of this name: see execution_role_arn and image',
  },
  {
    in: ['not-started'],
    match: /CannotPullContainer.*(not found|failed to resolve ref|manifest unknown)/is,
    as: WILL_NOT_START,
    remedy: 'there is no such image or tag: push it, or set image to one that is there',
  },
  {
    in: ['not-started'],
    match:
      /ResourceInitializationError.*(connection issue|dial tcp|i\/o timeout|context deadline exceeded|signal: killed)/is,
    as: NO_CONNECTION,
    remedy: CONNECT,
  },
  {
    in: ['not-started'],
    match: /failed to (initialize logging driver|validate logger args)/i,
    as: WILL_NOT_START,
    remedy: 'make the log group, and give the execution role logs:CreateLogStream and logs:PutLogEvents',
  },
  {
    in: ['not-started'],
    match: /failed to invoke EFS utils/i,
    as: NO_CONNECTION,
    remedy: 'has the file system a mount target in these subnets, whose security group lets NFS (2049) in?',
  },
  {
    in: ['not-started'],
    match: /unable to pull secrets or registry auth|AccessDenied|ResourceNotFound/i,
    as: WILL_NOT_START,
    remedy: 'see that each secret is there, and that the execution role may read it and log in to ECR',
  },
  {
    in: ['not-started'],
    match: /exec: \\?"python3\\?": .*(not found|no such file)/is,
    as: WILL_NOT_START,
    remedy: 'the image has no python3 in its PATH, and the step that runs its nodes needs Python 3.8 or newer',
  },
  {
    in: ['not-started'],
    match: /Cannot(Start|Create)Container.*(not found|no such file|permission denied)/is,
    as: WILL_NOT_START,
    remedy: 'the image cannot start this command: see its ENTRYPOINT and its PATH',
  },
  { in: ['not-started'], match: /^/, as: CANNOT_START },
];

/** What the table makes of what is said in that place; undefined where no row is for it. */
export function classify(place: Place, said: string): Failure | undefined {
  const row = FAILURE_TABLE.find((candidate) => candidate.in.includes(place) && candidate.match.test(said));
  return row && { ...row.as, detail: said, remedy: row.remedy };
}
