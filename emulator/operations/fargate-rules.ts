import { clientException } from '../aws-error.ts';
import { cpuUnits, isFargateSize, memoryMiB } from '../fargate-sizes.ts';
import { type Input, number, object, objects, text } from '../input.ts';

// AmazonECS/latest/developerguide/fargate-tasks-services.html: what Fargate asks of a definition, and what it has not.
export function checkFargate(input: Input, containers: readonly Input[]): void {
  if (input.networkMode !== 'awsvpc') throw clientException("Fargate only supports network mode 'awsvpc'.");
  const cpu = text(input, 'cpu');
  const memory = text(input, 'memory');
  if (!cpu) throw clientException("Fargate requires that 'cpu' be defined at the task level.");
  if (!memory) throw clientException("Fargate requires that 'memory' be defined at the task level.");
  checkFargateSize(cpu, memory);
  checkModes(input);
  checkStorage(input);
  checkPlatform(input);
  for (const container of containers) {
    checkLogging(container, input);
    checkUnsupported(container);
  }
}

export function checkFargateSize(cpu: string, memory: string): void {
  const units = cpuUnits(cpu);
  const mib = memoryMiB(memory);
  if (units === undefined) throw clientException(`Invalid 'cpu' setting for task: '${cpu}'.`);
  if (mib === undefined) throw clientException(`Invalid 'memory' setting for task: '${memory}'.`);
  if (isFargateSize(units, mib)) return;
  throw clientException(
    `No Fargate configuration exists for given values: ${units} CPU, ${mib} memory. ` +
      'See the Amazon ECS documentation for the valid values.',
  );
}

function checkModes(input: Input): void {
  if (text(input, 'ipcMode')) throw clientException('Tasks using the Fargate launch type do not support ipcMode.');
  const pidMode = text(input, 'pidMode') ?? 'task';
  if (pidMode !== 'task') {
    throw clientException(
      `Tasks using the Fargate launch type do not support pidMode '${pidMode}'. ` +
        "The supported value for pidMode is 'task'.",
    );
  }
  if (isSet(input.placementConstraints)) throw notSupported('placementConstraints');
}

const notSupported = (what: string) => clientException(`Fargate compatible task definitions do not support ${what}`);

// Clients send empty lists and false for what they do not set.
const isSet = (value: unknown): boolean => Boolean(value) && !(Array.isArray(value) && value.length === 0);

// APIReference/API_EphemeralStorage; AmazonECS/latest/developerguide/fargate-task-storage.html for volumes.
function checkStorage(input: Input): void {
  const size = number(object(input, 'ephemeralStorage') ?? {}, 'sizeInGiB');
  if (size !== undefined && (size < 21 || size > 200)) {
    throw clientException(`EphemeralStorage size should be between 21 and 200 GiB, not ${size}.`);
  }
  for (const volume of objects(input, 'volumes') ?? []) {
    if (text(object(volume, 'host') ?? {}, 'sourcePath')) throw notSupported('sourcePath');
    if (volume.dockerVolumeConfiguration) throw notSupported('dockerVolumeConfiguration');
  }
}

// APIReference/API_RuntimePlatform. Of Windows there is none here.
function checkPlatform(input: Input): void {
  const platform = object(input, 'runtimePlatform') ?? {};
  const family = text(platform, 'operatingSystemFamily') ?? 'LINUX';
  if (family !== 'LINUX') throw clientException(`The emulator has no operatingSystemFamily '${family}', only LINUX.`);
}

// AmazonECS/latest/developerguide/specify-log-config.html: the drivers, and the options of awslogs that Fargate requires.
function checkLogging(container: Input, input: Input): void {
  const requires = (what: string) =>
    clientException(`Fargate requires task definition to have execution role ARN to support ${what}.`);
  const hasRole = Boolean(text(input, 'executionRoleArn'));
  if (!hasRole && /\.dkr\.ecr\./.test(text(container, 'image') ?? '')) throw requires('ECR images');
  const log = object(container, 'logConfiguration');
  const driver = text(log ?? {}, 'logDriver');
  if (driver === undefined) return;
  if (!['awslogs', 'splunk', 'awsfirelens'].includes(driver)) throw notSupported(`log driver ${driver}`);
  if (driver !== 'awslogs') return;
  if (!hasRole) throw requires('log driver awslogs');
  const options = object(log ?? {}, 'options') ?? {};
  const missing = ['awslogs-group', 'awslogs-region', 'awslogs-stream-prefix'].filter((key) => !options[key]);
  if (missing.length > 0) throw clientException(`Log driver awslogs requires options: ${missing.join(', ')}`);
}

const UNSUPPORTED = [
  'disableNetworking',
  'dnsSearchDomains',
  'dnsServers',
  'dockerSecurityOptions',
  'extraHosts',
  'links',
  'privileged',
];
const UNSUPPORTED_OF_LINUX = ['maxSwap', 'swappiness', 'sharedMemorySize', 'tmpfs', 'devices'];

function checkUnsupported(container: Input): void {
  for (const key of UNSUPPORTED) if (isSet(container[key])) throw notSupported(key);
  const linux = object(container, 'linuxParameters') ?? {};
  for (const key of UNSUPPORTED_OF_LINUX) if (isSet(linux[key])) throw notSupported(key);
  if ((objects(container, 'resourceRequirements') ?? []).some(({ type }) => type === 'GPU')) {
    throw clientException('Tasks using the Fargate launch type do not support GPU resource requirements.');
  }
  // APIReference/API_ContainerDefinition, stopTimeout.
  const stopTimeout = number(container, 'stopTimeout');
  if (stopTimeout !== undefined && (stopTimeout < 0 || stopTimeout > 120)) {
    throw clientException(`Invalid stopTimeout: ${stopTimeout} is not between 0 and 120 seconds.`);
  }
}
