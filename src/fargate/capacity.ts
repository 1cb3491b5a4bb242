import type { ConfigValues } from '../config/schema.ts';

type Engine = Pick<ConfigValues['execution_engine'], 'spot' | 'capacity_provider_strategy'>;

/** Whether tasks may be given capacity that is taken back. */
export function usesSpot({ spot, capacity_provider_strategy: strategy }: Engine): boolean {
  return strategy?.some(({ capacity_provider: name }) => name === 'FARGATE_SPOT') ?? spot;
}

/** What RunTask is told of capacity; without `spot`, a task goes on-demand whatever the settings say. */
export function capacityOf(engine: Engine, spot: boolean) {
  const { capacity_provider_strategy: strategy = [{ capacity_provider: 'FARGATE_SPOT', weight: 1 }] } = engine;
  if (!spot && (usesSpot(engine) || engine.capacity_provider_strategy === undefined))
    return { launchType: 'FARGATE' as const };
  return {
    capacityProviderStrategy: strategy.map(({ capacity_provider: capacityProvider, weight, ...rest }) => ({
      capacityProvider,
      weight,
      ...rest,
    })),
  };
}
