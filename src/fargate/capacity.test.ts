import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '../../test/support/settings.ts';
import { capacityOf, usesSpot } from './capacity.ts';

const engineOf = (written: object) => settings({ execution_engine: written }).execution_engine;
const ON_DEMAND = { launchType: 'FARGATE' };

test('capacity: a task is on-demand, or on Spot where that is asked for and not ruled out', () => {
  const [plain, spot] = [engineOf({}), engineOf({ spot: true })];
  assert.deepEqual([usesSpot(plain), usesSpot(spot)], [false, true]);
  assert.deepEqual(capacityOf(plain, false), ON_DEMAND);
  assert.deepEqual(capacityOf(spot, true), {
    capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
  });
  assert.deepEqual(capacityOf(spot, false), ON_DEMAND);
});

test("capacity: a strategy is sent as it is, in the API's words, and gives way where it could bring Spot again", () => {
  const mixed = engineOf({
    capacity_provider_strategy: [
      { capacity_provider: 'FARGATE', base: 1 },
      { capacity_provider: 'FARGATE_SPOT', weight: 3 },
    ],
  });
  assert.equal(usesSpot(mixed), true);
  assert.deepEqual(capacityOf(mixed, true), {
    capacityProviderStrategy: [
      { capacityProvider: 'FARGATE', weight: 0, base: 1 },
      { capacityProvider: 'FARGATE_SPOT', weight: 3 },
    ],
  });
  assert.deepEqual(capacityOf(mixed, false), ON_DEMAND);
  const onDemand = engineOf({ capacity_provider_strategy: [{ capacity_provider: 'FARGATE', weight: 1 }] });
  assert.equal(usesSpot(onDemand), false);
  assert.deepEqual(capacityOf(onDemand, false), {
    capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
  });
});
