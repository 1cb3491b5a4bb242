import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { endOf } from './stopped-task.ts';

const sidecar = { name: 'aws-guardduty-agent-x', exitCode: 1 };
const ended = (exitCode: number | undefined, rest: Partial<EcsTask> = {}): EcsTask => ({
  lastStatus: 'STOPPED',
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
  containers: [sidecar, { name: 'main', ...(exitCode === undefined ? {} : { exitCode }) }],
  ...rest,
});

test('stopped task: the exit status is that of the container by name, not of one that ECS added', () => {
  assert.equal(endOf(ended(0), 'main', []).failure, undefined);
  assert.equal(endOf(ended(3), 'main', []).exitCode, 3);
});

test('stopped task: each stop code ends as reason and blame', () => {
  const cases: [task: EcsTask, reason: string, blame: string][] = [
    [ended(1), 'exit-nonzero', 'user'],
    [ended(137), 'killed', 'user'],
    [ended(143, { stopCode: 'UserInitiated' }), 'cancelled', 'request'],
    [
      ended(undefined, { stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: not found' }),
      'not-started',
      'user',
    ],
    [
      ended(undefined, { stopCode: 'TaskFailedToStart', stoppedReason: 'Timeout waiting for network interface' }),
      'not-started',
      'platform',
    ],
    [ended(143, { stopCode: 'SpotInterruption' }), 'killed', 'platform'],
    [{ lastStatus: 'STOPPED', containers: [{ name: 'main' }] }, 'lost', 'platform'],
  ];
  for (const [task, reason, blame] of cases) {
    const { failure } = endOf(task, 'main', []);
    assert.deepEqual([failure?.reason, failure?.blame], [reason, blame], JSON.stringify(task));
  }
});
