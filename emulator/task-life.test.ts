import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Driver, PullFailed } from './drivers/driver.ts';
import type { TaskRecord, World } from './state.ts';
import { requestStop } from './task-context.ts';
import { begin } from './task-life.ts';

interface Step {
  readonly status: string;
  readonly version: number;
}

/** A world in which no time passes: pauses end at once, and each saved change of the task is a step. */
function world(driver: Pick<Driver, 'create'>): { world: World; record: TaskRecord; steps: Step[] } {
  const steps: Step[] = [];
  const containerDefinitions = [{ name: 'main', image: 'image', command: ['x'] }];
  const arn = 'arn:aws:ecs:r:a:task-definition/f:1';
  const definition = { family: 'f', revision: 1, arn, tags: [], shown: { containerDefinitions } };
  const container = { containerArn: '', taskArn: '', name: 'main', image: 'image', lastStatus: 'PENDING', cpu: '0' };
  const task = {
    taskArn: 'arn:aws:ecs:r:a:task/c/1',
    taskDefinitionArn: arn,
    overrides: {},
    attachments: [],
    containers: [{ ...container, networkInterfaces: [], healthStatus: '' }],
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    version: 1,
  };
  const record = { id: '1', task, tags: [], networkConfiguration: {}, leftovers: [] } as unknown as TaskRecord;
  const fake = {
    region: 'r',
    clock: { now: () => 1000, pause: async () => undefined, during: (work: Promise<unknown>) => work },
    driver,
    saver: {
      save: () => steps.push({ status: record.task.lastStatus, version: record.task.version }),
      flush: () => undefined,
    },
    endpoints: { own: '', s3: '' },
    families: new Map([['f', [definition]]]),
    tasks: new Map([['1', record]]),
    lives: new Map(),
    halt: new AbortController().signal,
    say: () => undefined,
  };
  return { world: fake as unknown as World, record, steps };
}

const running = (exit: Promise<number>, stop: () => void = () => undefined): Pick<Driver, 'create'> => ({
  create: async () => ({
    runtimeId: 'r',
    leftover: () => undefined,
    start: async () => ({
      ended: exit.then((exitCode) => ({ exitCode, isOutOfMemory: false })),
      execute: async () => 0,
      kill: stop,
      stop,
    }),
    remove: async () => undefined,
  }),
});

const statuses = (steps: readonly Step[]) => [...new Set(steps.map(({ status }) => status))];

it('task life: goes through the states of the developer guide, in its order, the version rising with every change', async () => {
  const { world: fake, record, steps } = world(running(Promise.resolve(3)));
  begin(record, {}, fake);
  await fake.lives.get('1')?.over;
  const order = [
    'PROVISIONING',
    'PENDING',
    'ACTIVATING',
    'RUNNING',
    'DEACTIVATING',
    'STOPPING',
    'DEPROVISIONING',
    'STOPPED',
  ];
  assert.deepEqual(statuses(steps), order);
  assert.deepEqual(
    steps.map(({ version }) => version),
    steps.map((_, index) => index + 1),
  );
  assert.deepEqual([record.task.containers[0]?.exitCode, record.task.stopCode], [3, 'EssentialContainerExited']);
});

it('task life: one whose image cannot be had is never RUNNING', async () => {
  const create = () => Promise.reject(new PullFailed('not found'));
  const { world: fake, record, steps } = world({ create });
  begin(record, {}, fake);
  await fake.lives.get('1')?.over;
  assert.ok(!statuses(steps).includes('RUNNING'));
  assert.deepEqual(
    [record.task.stopCode, record.task.stoppedReason],
    ['TaskFailedToStart', 'CannotPullContainerError: not found'],
  );
});

it('task life: the first reason to stop is kept', async () => {
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const { world: fake, record } = world(running(ended, () => end(143)));
  begin(record, {}, fake);
  requestStop(record, fake, { code: 'UserInitiated', reason: 'first' });
  requestStop(record, fake, { code: 'UserInitiated', reason: 'second' });
  end(0);
  await fake.lives.get('1')?.over;
  assert.deepEqual([record.task.stopCode, record.task.stoppedReason], ['UserInitiated', 'first']);
});
