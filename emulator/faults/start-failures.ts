/** What of the task a reason names. */
export interface Names {
  readonly image: string;
  readonly subnet: string;
  readonly region: string;
}

/** Why a task does not start: the step at which it fails, `stoppedReason`, and what the container says. */
export interface StartFailure {
  readonly at: 'network' | 'inputs' | 'pull' | 'start';
  readonly reason: (names: Names) => string;
  readonly containerReason?: string;
}

const network = (reason: StartFailure['reason']): StartFailure => ({ at: 'network', reason });
const inputs = (reason: StartFailure['reason']): StartFailure => ({
  at: 'inputs',
  reason: (names) => `ResourceInitializationError: ${reason(names)}`,
});
const pull = (reason: StartFailure['reason']): StartFailure => ({
  at: 'pull',
  reason: (names) => `CannotPullContainerError: ${reason(names)}`,
});
const start = (containerReason: string): StartFailure => ({
  at: 'start',
  reason: () => 'Task failed to start',
  containerReason,
});

// AmazonECS/latest/developerguide: failed-to-start-error, task_cannot_pull_image, resource-initialization-error,
// container-runtime-timeout-error; what those pages leave out is in the words of public reports.
export const START_FAILURES = {
  'eni-timeout': network(() => 'Timeout waiting for network interface provisioning to complete.'),
  'internal-error': network(() => 'InternalError: The network interface was not reported in time.'),
  'subnet-full': network(
    ({ subnet }) =>
      'Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in ' +
      `subnet '${subnet}': InsufficientFreeAddressesInSubnet`,
  ),
  'registry-timeout': inputs(
    ({ region }) =>
      'unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry ' +
      'auth: service call has been retried 3 time(s): RequestError: send request failed caused by: ' +
      `Post "https://api.ecr.${region}.amazonaws.com/": dial tcp 10.0.0.1:443: i/o timeout`,
  ),
  'secrets-denied': inputs(
    () =>
      'unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from ' +
      'asm: service call has been retried 1 time(s): failed to fetch secret from secrets manager: ' +
      'AccessDeniedException: not authorized to perform: secretsmanager:GetSecretValue',
  ),
  'log-driver': inputs(
    () =>
      'failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: ' +
      'The specified log group does not exist.',
  ),
  efs: inputs(
    () =>
      'failed to invoke EFS utils commands to set up EFS volumes: stderr: Mount attempt 1/3 failed due to timeout ' +
      "after 15 sec, wait 0 sec before next attempt. b'mount.nfs4: mount system call failed'",
  ),
  'pull-timeout': pull(
    ({ image }) =>
      'ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: ' +
      `Get "https://${image}": dial tcp 10.0.0.1:443: i/o timeout`,
  ),
  'pull-rate-limit': pull(
    () =>
      'ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code: ' +
      '429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
  ),
  'image-not-found': pull(
    ({ image }) =>
      `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`,
  ),
  'pull-denied': pull(
    ({ image }) =>
      `The task can't pull the image '${image}'. Check that the role has the permissions to pull images from the registry.`,
  ),
  'disk-full': pull(
    () => 'ref pull has been retried 1 time(s): failed to extract layer: write /layer.tar: no space left on device',
  ),
  'wrong-architecture': pull(() => "image Manifest does not contain descriptor matching platform 'linux/amd64'"),
  'runtime-timeout': start(
    'ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 3m0s',
  ),
} as const satisfies Record<string, StartFailure>;

export const START_FAILURE_NAMES = Object.keys(START_FAILURES) as [
  keyof typeof START_FAILURES,
  ...(keyof typeof START_FAILURES)[],
];
