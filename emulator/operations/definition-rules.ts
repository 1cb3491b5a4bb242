import { clientException } from '../aws-error.ts';
import { type Input, objects, text, texts } from '../input.ts';
import { checkContainer } from './container-rules.ts';
import { checkDependencies } from './dependency-rules.ts';
import { checkFargate } from './fargate-rules.ts';
import { checkSizes } from './size-rules.ts';
import { checkVolumes } from './volume-rules.ts';

/** What RegisterTaskDefinition refuses. The words of the errors are those of the public reports in BEHAVIOUR.md. */
export function checkDefinition(input: Input): void {
  const containers = objects(input, 'containerDefinitions') ?? [];
  checkFamily(text(input, 'family') ?? '');
  for (const key of ['taskRoleArn', 'executionRoleArn']) checkRole(text(input, key));
  checkNames(containers);
  for (const container of containers) checkContainer(container, input);
  checkDependencies(containers);
  checkVolumes(input, containers);
  if ((texts(input, 'requiresCompatibilities') ?? []).includes('FARGATE')) checkFargate(input, containers);
  checkSizes(input, containers);
  // Quota "Task definition size", general/latest/gr/ecs-service.html.
  const length = Buffer.byteLength(JSON.stringify(input));
  if (length > 65_536) throw clientException(`Actual length: '${length}'. Max allowed length is '65536' bytes.`);
}

function checkFamily(family: string): void {
  if (family === '') throw clientException('Family should not be null or empty.');
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw clientException('Family contains invalid characters.');
}

/** IAM/latest/APIReference/API_Role: a name of up to 64 characters, alone or as an ARN with or without a path. */
const ROLE = /^(arn:aws[a-z-]*:iam::\d{12}:role\/([\w+=,.@/-]*\/)?)?[\w+=,.@-]{1,64}$/;

/** That it is there, and may be passed, is not looked at: there is no IAM here. */
export function checkRole(role: string | undefined): void {
  if (role !== undefined && !ROLE.test(role)) throw clientException('Role is not valid');
}

function checkNames(containers: readonly Input[]): void {
  if (containers.length === 0) throw clientException('Container list cannot be empty.');
  if (containers.length > 10) throw clientException('Too many containers.');
  const seen = new Set<string>();
  for (const container of containers) {
    const name = text(container, 'name') ?? '';
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw clientException('Container.name contains invalid characters.');
    if (!text(container, 'image')) throw clientException('Container.image should not be null or empty.');
    if (seen.has(name)) throw clientException(`Container.name '${name}' is used by more than one container.`);
    seen.add(name);
  }
  if (containers.every((container) => container.essential === false)) {
    throw clientException('At least one container should be essential.');
  }
}
