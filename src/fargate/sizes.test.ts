import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapToFargate } from './sizes.ts';

test('sizes: the smallest pair with enough of both is taken', () => {
  const cases: [vcpu: number, memoryMiB: number, expected: [number, number]][] = [
    [0, 0, [0.25, 512]],
    [0.3, 600, [0.5, 1024]],
    [1, 2048, [1, 2048]],
    [1, 9000, [2, 9216]],
    [4, 31 * 1024, [8, 32 * 1024]],
    [8, 17 * 1024, [8, 20 * 1024]],
    [16, 244 * 1024, [32, 244 * 1024]],
  ];
  for (const [vcpu, memoryMiB, [expectedVcpu, expectedMemory]] of cases) {
    assert.deepEqual(snapToFargate({ vcpu, memoryMiB }), { vcpu: expectedVcpu, memoryMiB: expectedMemory });
  }
});

test('sizes: what is larger than every pair has none', () => {
  assert.equal(snapToFargate({ vcpu: 33, memoryMiB: 1024 }), undefined);
  assert.equal(snapToFargate({ vcpu: 1, memoryMiB: 245 * 1024 }), undefined);
});
