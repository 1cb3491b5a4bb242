import { invalidParameter } from '../aws-error.ts';
import { type Input, number, objects, text } from '../input.ts';
import type { Cluster } from '../state.ts';

// AmazonECS/latest/developerguide/fargate-capacity-providers.html. Others, of Auto Scaling groups, cannot be made here.
const FARGATE = ['FARGATE', 'FARGATE_SPOT'];

/** What a cluster may have: providers that exist, and a default strategy of no others. */
export function checkProviders(providers: readonly string[], strategy: readonly Input[]): void {
  if (providers.some((provider) => !FARGATE.includes(provider))) {
    throw invalidParameter(
      'The specified capacity provider was not found. Specify a valid capacity provider and try again.',
    );
  }
  checkStrategy(strategy, providers);
}

/** What a request or a cluster may ask for: providers of the cluster, each once, with weights and bases in range. */
export function checkStrategy(strategy: readonly Input[], associated: readonly string[]): void {
  const providers = strategy.map((item) => text(item, 'capacityProvider') ?? '');
  if (providers.some((provider) => !associated.includes(provider))) {
    throw invalidParameter(
      'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the ' +
        'cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and try again.',
    );
  }
  if (new Set(providers).size < providers.length) {
    throw invalidParameter('The specified capacity provider strategy cannot contain a capacity provider twice.');
  }
  // APIReference/API_CapacityProviderStrategyItem.
  for (const { most, key } of [
    { key: 'weight', most: 1000 },
    { key: 'base', most: 100_000 },
  ]) {
    const wrong = strategy.map((item) => number(item, key) ?? 0).find((value) => value < 0 || value > most);
    if (wrong !== undefined)
      throw invalidParameter(`The ${key} of a capacity provider, ${wrong}, is not between 0 and ${most}.`);
  }
  if (strategy.filter((item) => (number(item, 'base') ?? 0) > 0).length > 1) {
    throw invalidParameter('Only one capacity provider in a strategy can have a base.');
  }
}

/**
 * The providers of the tasks of a RunTask; of Fargate without a provider, undefined. A request with neither launch type
 * nor strategy has the cluster's, and without that means EC2, of which there is none (APIReference/API_RunTask).
 */
export function providersFor(input: Input, cluster: Cluster): readonly (string | undefined)[] {
  const launchType = text(input, 'launchType');
  const own = objects(input, 'capacityProviderStrategy') ?? [];
  if (launchType !== undefined && own.length > 0) {
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  }
  const strategy = own.length > 0 || launchType !== undefined ? own : cluster.defaultCapacityProviderStrategy;
  if (launchType !== 'FARGATE' && strategy.length === 0) {
    throw invalidParameter('No Container Instances were found in your cluster.');
  }
  checkStrategy(strategy, cluster.capacityProviders);
  const count = number(input, 'count') ?? 1;
  if (strategy.length === 0) return Array.from({ length: count }, () => undefined);
  return placed(strategy, { count, isDefault: own.length === 0 });
}

/**
 * The one with a base comes first, up to it, and then each in turn as far as it is behind its weight
 * (APIReference/API_CapacityProviderStrategyItem).
 */
function placed(strategy: readonly Input[], options: { count: number; isDefault: boolean }): string[] {
  const items = strategy.map((item) => ({
    provider: text(item, 'capacityProvider') ?? '',
    weight: number(item, 'weight') ?? 0,
    base: number(item, 'base') ?? 0,
    count: 0,
  }));
  const weighted = items.filter(({ weight }) => weight > 0);
  if (weighted.length === 0) {
    throw invalidParameter(
      `There are no capacity providers with a weight value greater than zero defined in the ${options.isDefault ? 'default ' : ''}` +
        'capacity provider strategy. At least one capacity provider must have a weight value greater than zero ' +
        "specified. Update the cluster's default capacity provider strategy or specify a valid capacity provider " +
        'strategy and try again.',
    );
  }
  const based = items.flatMap(({ provider, base }) =>
    Array.from({ length: Math.min(base, options.count) }, () => provider),
  );
  const chosen = based.slice(0, options.count);
  while (chosen.length < options.count) {
    const next = weighted.reduce((best, item) => (item.count / item.weight < best.count / best.weight ? item : best));
    next.count += 1;
    chosen.push(next.provider);
  }
  return chosen;
}
