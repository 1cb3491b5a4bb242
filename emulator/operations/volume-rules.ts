import { clientException } from '../aws-error.ts';
import { type Input, object, objects, text } from '../input.ts';

// APIReference/API_Volume, API_EFSVolumeConfiguration, API_MountPoint.
export function checkVolumes(input: Input, containers: readonly Input[]): void {
  const names = new Set<string>();
  const volumes = objects(input, 'volumes') ?? [];
  for (const volume of volumes) {
    const name = text(volume, 'name') ?? '';
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name))
      throw clientException(`Volume name '${name}' contains invalid characters.`);
    if (names.has(name)) throw clientException(`Volume name '${name}' is used by more than one volume.`);
    names.add(name);
    checkEfs(volume);
  }
  if (volumes.filter(({ configuredAtLaunch }) => configuredAtLaunch === true).length > 1) {
    throw clientException('A task definition may have only one volume that is configured at launch.');
  }
  for (const container of containers) checkMounts(container, { names, containers });
}

function checkEfs(volume: Input): void {
  const efs = object(volume, 'efsVolumeConfiguration');
  if (!efs) return;
  const authorization = object(efs, 'authorizationConfig') ?? {};
  const accessPoint = text(authorization, 'accessPointId');
  if ((accessPoint || authorization.iam === 'ENABLED') && efs.transitEncryption !== 'ENABLED') {
    throw clientException('EFS transit encryption must be enabled where IAM authorization or an access point is used.');
  }
  if (accessPoint && !['/', ''].includes(text(efs, 'rootDirectory') ?? '')) {
    throw clientException('The root directory of an EFS volume with an access point must be omitted or set to /.');
  }
}

function checkMounts(container: Input, known: { names: ReadonlySet<string>; containers: readonly Input[] }): void {
  const paths = new Set<string>();
  for (const mount of objects(container, 'mountPoints') ?? []) {
    const source = text(mount, 'sourceVolume') ?? 'null';
    if (!known.names.has(source)) throw clientException(`Unknown volume '${source}'.`);
    const path = text(mount, 'containerPath') ?? '';
    if (path === '') throw clientException('MountPoint.containerPath should not be null or empty.');
    if (paths.has(path)) throw clientException(`MountPoint.containerPath '${path}' is used more than once.`);
    paths.add(path);
  }
  for (const from of objects(container, 'volumesFrom') ?? []) {
    const source = text(from, 'sourceContainer') ?? 'null';
    if (known.containers.some(({ name }) => name === source)) continue;
    throw clientException(`Unknown container '${source}' in volumesFrom.`);
  }
}
