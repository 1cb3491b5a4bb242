import { AwsError } from '../aws-error.ts';
import { type Input, object, objects, texts } from '../input.ts';
import type { World } from '../state.ts';
import { checkProviders } from './capacity-providers.ts';
import { clusterOf, EVERYTHING, keepCluster, shown } from './clusters.ts';

// APIReference/API_PutClusterCapacityProviders: what it does not name is taken from the cluster, unless tasks use it.
export function putClusterCapacityProviders(input: Input, world: World): Input {
  const cluster = clusterOf(input, world);
  const capacityProviders = texts(input, 'capacityProviders') ?? [];
  const defaultCapacityProviderStrategy = objects(input, 'defaultCapacityProviderStrategy') ?? [];
  checkProviders(capacityProviders, defaultCapacityProviderStrategy);
  const inUse = [...world.tasks.values()]
    .filter(({ task }) => task.clusterArn === cluster.arn && task.lastStatus !== 'STOPPED')
    .flatMap(({ task }) => task.capacityProviderName ?? []);
  if (inUse.some((provider) => !capacityProviders.includes(provider))) {
    throw new AwsError('ResourceInUseException', 'The specified capacity provider is in use and cannot be removed.');
  }
  const changed = { ...cluster, capacityProviders, defaultCapacityProviderStrategy };
  keepCluster(changed, world);
  return { cluster: shown(changed, world, EVERYTHING) };
}

// APIReference/API_UpdateCluster.
export function updateCluster(input: Input, world: World): Input {
  const cluster = clusterOf(input, world);
  const configuration = object(input, 'configuration') ?? cluster.configuration;
  const changed = {
    ...cluster,
    settings: objects(input, 'settings') ?? cluster.settings,
    ...(configuration ? { configuration } : {}),
  };
  keepCluster(changed, world);
  return { cluster: shown(changed, world, EVERYTHING) };
}
