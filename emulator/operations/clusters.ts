import { clusterArn, lastSegment } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';
import { page } from '../paging.ts';
import { type Cluster, saveClusters, type World } from '../state.ts';
import { checkProviders } from './capacity-providers.ts';
import { checkedTags } from './tags.ts';

// APIReference/API_CreateCluster: a cluster made without a name is `default`; one that exists is answered as it is.
export function createCluster(input: Input, world: World): Input {
  const name = text(input, 'clusterName') ?? 'default';
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw invalidParameter(
      'Identifiers are expected to be between 1 and 255 letters, digits, hyphens and underscores.',
    );
  }
  const existing = world.clusters.get(name);
  if (existing && !existing.isDeleted) return { cluster: shown(existing, world, EVERYTHING) };
  const capacityProviders = texts(input, 'capacityProviders') ?? [];
  const defaultCapacityProviderStrategy = objects(input, 'defaultCapacityProviderStrategy') ?? [];
  checkProviders(capacityProviders, defaultCapacityProviderStrategy);
  const configuration = object(input, 'configuration');
  const cluster: Cluster = {
    name,
    arn: clusterArn(world, name),
    capacityProviders,
    defaultCapacityProviderStrategy,
    settings: objects(input, 'settings') ?? [{ name: 'containerInsights', value: 'disabled' }],
    ...(configuration ? { configuration } : {}),
    tags: checkedTags(input),
  };
  keepCluster(cluster, world);
  return { cluster: shown(cluster, world, EVERYTHING) };
}

// APIReference/API_DescribeClusters: a cluster that does not exist is a failure in the answer, not an error.
export function describeClusters(input: Input, world: World): Input {
  const names = texts(input, 'clusters') ?? ['default'];
  if (names.length > 100) throw invalidParameter('Clusters cannot have more than 100 elements.');
  const include = texts(input, 'include') ?? [];
  const found = names.map((name) => ({ name, cluster: world.clusters.get(lastSegment(name)) }));
  return {
    clusters: found.flatMap(({ cluster }) => (cluster ? [shown(cluster, world, include)] : [])),
    failures: found.flatMap(({ name, cluster }) =>
      cluster ? [] : [{ arn: clusterArn(world, lastSegment(name)), reason: 'MISSING' }],
    ),
  };
}

// APIReference/API_ListClusters.
export function listClusters(input: Input, world: World): Input {
  const arns = [...world.clusters.values()].filter(({ isDeleted }) => !isDeleted).map(({ arn }) => arn);
  const { items, nextToken } = page(arns.sort(), {
    token: text(input, 'nextToken'),
    size: number(input, 'maxResults'),
  });
  return { clusterArns: items, ...(nextToken ? { nextToken } : {}) };
}

// APIReference/API_DeleteCluster: it becomes INACTIVE, and can be described for a while.
export function deleteCluster(input: Input, world: World): Input {
  const cluster = clusterOf(input, world);
  if ([...world.tasks.values()].some(({ task }) => task.clusterArn === cluster.arn && task.lastStatus !== 'STOPPED')) {
    throw new AwsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
  }
  const deleted = { ...cluster, tags: [], isDeleted: true };
  keepCluster(deleted, world);
  return { cluster: shown(deleted, world, EVERYTHING) };
}

/** The cluster that a request names, by name or ARN; `default` when it names none. */
export function clusterOf(input: Input, world: World): Cluster {
  const cluster = world.clusters.get(lastSegment(text(input, 'cluster') ?? 'default'));
  if (!cluster || cluster.isDeleted) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  return cluster;
}

export function keepCluster(cluster: Cluster, world: World): void {
  world.clusters.set(cluster.name, cluster);
  saveClusters(world);
}

export const EVERYTHING: readonly string[] = ['TAGS', 'SETTINGS', 'CONFIGURATIONS'];

export function shown(cluster: Cluster, world: World, include: readonly string[]): Input {
  const tasks = [...world.tasks.values()].filter(({ task }) => task.clusterArn === cluster.arn).map(({ task }) => task);
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.isDeleted ? 'INACTIVE' : 'ACTIVE',
    registeredContainerInstancesCount: 0,
    runningTasksCount: tasks.filter((task) => task.lastStatus === 'RUNNING').length,
    pendingTasksCount: tasks.filter((task) => ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus))
      .length,
    activeServicesCount: 0,
    statistics: [],
    tags: include.includes('TAGS') ? cluster.tags : [],
    settings: include.includes('SETTINGS') ? cluster.settings : [],
    ...(include.includes('CONFIGURATIONS') && cluster.configuration ? { configuration: cluster.configuration } : {}),
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
  };
}
