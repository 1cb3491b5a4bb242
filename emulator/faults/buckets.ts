/** How many calls a class of operations has at once, and how many more it gets each second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

// APIReference/request-throttling.html; the Fargate ones are in AmazonECS/latest/developerguide/throttling.html.
const RATES = {
  'cluster-modify': { burst: 20, perSecond: 1 },
  'cluster-read': { burst: 50, perSecond: 20 },
  'task-definition-modify': { burst: 20, perSecond: 1 },
  'task-definition-read': { burst: 50, perSecond: 20 },
  'task-definition-delete': { burst: 5, perSecond: 1 },
  'tag-modify': { burst: 20, perSecond: 10 },
  'tag-read': { burst: 50, perSecond: 20 },
  'cluster-resource-modify': { burst: 100, perSecond: 40 },
  'cluster-resource-read': { burst: 100, perSecond: 20 },
  'fargate-run-task': { burst: 20, perSecond: 20 },
  'fargate-launch-on-demand': { burst: 100, perSecond: 20 },
  'fargate-launch-spot': { burst: 100, perSecond: 20 },
  // AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
  'logs-get-events': { burst: 25, perSecond: 25 },
  'logs-filter-events': { burst: 10, perSecond: 10 },
} as const satisfies Record<string, Rate>;

export type RateClass = keyof typeof RATES;

export const RATE_CLASSES = Object.keys(RATES) as [RateClass, ...RateClass[]];

/** Regions whose quotas of CloudWatch Logs are others (the same page). */
const REGIONAL_LOGS: Readonly<Record<string, { readonly get?: number; readonly filter?: number }>> = {
  'eu-central-1': { get: 10, filter: 5 },
  'eu-west-1': { get: 10 },
  'eu-west-3': { get: 30 },
  'us-east-1': { filter: 25 },
  'us-west-2': { get: 10 },
};

/** The token buckets of a new account, without the lower ones that Fargate has in small regions. */
export function ratesOf(region: string): Readonly<Record<RateClass, Rate>> {
  const { get, filter } = REGIONAL_LOGS[region] ?? {};
  return {
    ...RATES,
    ...(get === undefined ? {} : { 'logs-get-events': { burst: get, perSecond: get } }),
    ...(filter === undefined ? {} : { 'logs-filter-events': { burst: filter, perSecond: filter } }),
  };
}

/** The classes that a call takes a token of; launches take theirs when tasks are made. */
const CLASSES: Readonly<Record<string, readonly RateClass[]>> = {
  'ecs:CreateCluster': ['cluster-modify'],
  'ecs:DeleteCluster': ['cluster-modify'],
  'ecs:PutClusterCapacityProviders': ['cluster-modify'],
  'ecs:UpdateCluster': ['cluster-modify'],
  'ecs:UpdateClusterSettings': ['cluster-modify'],
  'ecs:DescribeClusters': ['cluster-read'],
  'ecs:ListClusters': ['cluster-read'],
  'ecs:RegisterTaskDefinition': ['task-definition-modify'],
  'ecs:DeregisterTaskDefinition': ['task-definition-modify'],
  'ecs:DescribeTaskDefinition': ['task-definition-read'],
  'ecs:ListTaskDefinitions': ['task-definition-read'],
  'ecs:ListTaskDefinitionFamilies': ['task-definition-read'],
  'ecs:DeleteTaskDefinitions': ['task-definition-delete'],
  'ecs:TagResource': ['tag-modify'],
  'ecs:UntagResource': ['tag-modify'],
  'ecs:ListTagsForResource': ['tag-read'],
  'ecs:RunTask': ['cluster-resource-modify', 'fargate-run-task'],
  'ecs:StopTask': ['cluster-resource-modify'],
  'ecs:ExecuteCommand': ['cluster-resource-modify'],
  'ecs:DescribeTasks': ['cluster-resource-read'],
  'ecs:ListTasks': ['cluster-resource-read'],
  'logs:GetLogEvents': ['logs-get-events'],
  'logs:FilterLogEvents': ['logs-filter-events'],
};

interface Level {
  tokens: number;
  at: number;
}

/** Token buckets, one for each class that is limited; they fill by the emulator's clock. */
export class Buckets {
  readonly #rates: Partial<Record<RateClass, Rate>>;
  readonly #levels = new Map<RateClass, Level>();

  constructor(rates: Partial<Record<RateClass, Rate>>) {
    this.#rates = rates;
  }

  /** False when a bucket that the call needs is empty; then it takes no token of any. */
  takeForCall(operation: string, now: number): boolean {
    return this.#take(CLASSES[operation] ?? [], { count: 1, now });
  }

  takeForLaunch(launch: { readonly isSpot: boolean; readonly count: number }, now: number): boolean {
    return this.#take([launch.isSpot ? 'fargate-launch-spot' : 'fargate-launch-on-demand'], { ...launch, now });
  }

  #take(classes: readonly RateClass[], { count, now }: { count: number; now: number }): boolean {
    const levels = classes.flatMap((name) => this.#level(name, now) ?? []);
    if (levels.some(({ tokens }) => tokens < count)) return false;
    for (const level of levels) level.tokens -= count;
    return true;
  }

  #level(name: RateClass, now: number): Level | undefined {
    const rate = this.#rates[name];
    if (rate === undefined) return undefined;
    const level = this.#levels.get(name) ?? { tokens: rate.burst, at: now };
    level.tokens = Math.min(rate.burst, level.tokens + ((now - level.at) / 1000) * rate.perSecond);
    level.at = now;
    this.#levels.set(name, level);
    return level;
  }
}
