import { clientException } from '../aws-error.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';

/** What RegisterTaskDefinition refuses of one container, wherever it is to run. */
export function checkContainer(container: Input, definition: Input): void {
  checkSecrets(container, definition);
  checkPorts(container, definition);
  checkLogMode(container);
  checkHealthCheck(container);
  checkLimits(container);
}

// An empty list of secrets is enough (aws/aws-sdk-go#2370).
function checkSecrets(container: Input, definition: Input): void {
  const hasRole = text(definition, 'executionRoleArn') !== undefined;
  const secrets = objects(container, 'secrets');
  if (secrets && !hasRole) {
    throw clientException(
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    );
  }
  if (object(container, 'repositoryCredentials') && !hasRole) {
    throw clientException(
      'Private repository authentication requires that the task definition specify a value for executionRoleArn.',
    );
  }
  const taken = new Set((objects(container, 'environment') ?? []).map((variable) => text(variable, 'name')));
  for (const secret of secrets ?? []) {
    const name = text(secret, 'name') ?? '';
    if (!name || !text(secret, 'valueFrom')) throw clientException('Secret.name and valueFrom should not be empty.');
    if (taken.has(name)) {
      throw clientException(
        'The secret name must be unique and not shared with any new or existing environment variables set on the ' +
          `container, such as '${name}'.`,
      );
    }
    taken.add(name);
  }
}

// APIReference/API_PortMapping, hostPort.
function checkPorts(container: Input, definition: Input): void {
  for (const mapping of objects(container, 'portMappings') ?? []) {
    const [containerPort, hostPort] = [number(mapping, 'containerPort'), number(mapping, 'hostPort')];
    for (const port of [containerPort, hostPort]) {
      if (port !== undefined && (port < 0 || port > 65_535)) throw clientException(`Invalid port: ${port}`);
    }
    if (definition.networkMode === 'awsvpc' && hostPort && hostPort !== containerPort) {
      throw clientException('When networkMode=awsvpc, the host ports and container ports in port mappings must match.');
    }
  }
}

// AmazonECS/latest/developerguide/specify-log-config.html, mode.
function checkLogMode(container: Input): void {
  const log = object(container, 'logConfiguration') ?? {};
  const mode = log.logDriver === 'awslogs' ? object(log, 'options')?.mode : undefined;
  if (mode !== undefined && mode !== 'blocking' && mode !== 'non-blocking') {
    throw clientException(`Log driver awslogs option 'mode' should be one of [blocking,non-blocking], not '${mode}'.`);
  }
}

// APIReference/API_HealthCheck.
const HEALTH_CHECK = { interval: [5, 300], timeout: [2, 60], retries: [1, 10], startPeriod: [0, 300] } as const;

function checkHealthCheck(container: Input): void {
  const check = object(container, 'healthCheck');
  if (!check) return;
  const [kind, ...words] = texts(check, 'command') ?? [];
  if ((kind !== 'CMD' && kind !== 'CMD-SHELL') || words.length === 0) {
    throw clientException('A health check command must start with CMD or CMD-SHELL and name a command.');
  }
  for (const [key, [least, most]] of Object.entries(HEALTH_CHECK)) {
    const value = number(check, key);
    if (value !== undefined && (value < least || value > most)) {
      throw clientException(`Invalid '${key}' of a health check: ${value} is not between ${least} and ${most}.`);
    }
  }
}

// APIReference/API_ContainerDefinition: memory is at least 4 MiB, and above memoryReservation.
function checkLimits(container: Input): void {
  const [hard, soft] = [number(container, 'memory'), number(container, 'memoryReservation')];
  const invalid = (what: string) => clientException(`Invalid setting for container '${container.name}'. ${what}`);
  if ((hard ?? 4) < 4 || (soft ?? 4) < 4) throw invalid('Memory must be at least 4 MiB.');
  if (hard !== undefined && soft !== undefined && soft >= hard) {
    throw invalid("'memory' must be greater than 'memoryReservation'.");
  }
  if ((number(container, 'cpu') ?? 0) < 0) throw invalid("'cpu' must not be negative.");
}
