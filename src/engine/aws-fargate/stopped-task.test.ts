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

test('stopped task: a step that cannot be fetched is told with what to look at', () => {
  const { failure } = endOf(ended(70), 'main', []);
  assert.match(failure?.detail ?? '', /task role/);
});

test('stopped task: an image without Python is the user’s to mend, however it is said', () => {
  const container = { name: 'main', exitCode: 127 };
  const ended = { stopCode: 'EssentialContainerExited', containers: [container] } as EcsTask;
  const said = 'CannotStartContainerError: exec: "python3": executable file not found in $PATH: unknown';
  const refused = { stopCode: 'TaskFailedToStart', stoppedReason: said, containers: [{ name: 'main' }] } as EcsTask;
  for (const task of [ended, refused]) {
    const { failure } = endOf(task, 'main', []);
    assert.equal(failure?.reason, 'not-started');
    assert.equal(failure?.blame, 'user');
    assert.match(failure?.detail ?? '', /no python3/);
  }
});
