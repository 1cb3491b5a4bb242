import { clusterArn, lastSegment } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { type Input, objects, text, texts } from '../input.ts';
import { type Cluster, saveClusters, type Tag, type World } from '../state.ts';

// APIReference/API_CreateCluster: a cluster made without a name is `default`; one that exists is answered as it is.
export function createCluster(input: Input, world: World): Input {
  const name = text(input, 'clusterName') ?? 'default';
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw invalidParameter(
      'Identifiers are expected to be between 1 and 255 letters, digits, hyphens and underscores.',
    );
  }
  const existing = world.clusters.get(name);
  const cluster: Cluster = existing ?? {
    name,
    arn: clusterArn(world, name),
    capacityProviders: texts(input, 'capacityProviders') ?? [],
    defaultCapacityProviderStrategy: objects(input, 'defaultCapacityProviderStrategy') ?? [],
    settings: objects(input, 'settings') ?? [],
    tags: (objects(input, 'tags') ?? []) as unknown as Tag[],
  };
  if (!existing) {
    world.clusters.set(name, cluster);
    saveClusters(world);
  }
  return { cluster: shown(cluster, world, ['TAGS', 'SETTINGS']) };
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

/** The cluster that a request names, by name or ARN; `default` when it names none. */
export function clusterOf(input: Input, world: World): Cluster {
  const cluster = world.clusters.get(lastSegment(text(input, 'cluster') ?? 'default'));
  if (!cluster) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  return cluster;
}

function shown(cluster: Cluster, world: World, include: readonly string[]): Input {
  const tasks = [...world.tasks.values()].filter(({ task }) => task.clusterArn === cluster.arn).map(({ task }) => task);
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: 'ACTIVE',
    registeredContainerInstancesCount: 0,
    runningTasksCount: tasks.filter((task) => task.lastStatus === 'RUNNING').length,
    pendingTasksCount: tasks.filter((task) => ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus))
      .length,
    activeServicesCount: 0,
    statistics: [],
    tags: include.includes('TAGS') ? cluster.tags : [],
    settings: include.includes('SETTINGS') ? cluster.settings : [],
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
  };
}
