import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ecsService } from '../src/service/aws/ecs.ts';
import { startWherry, wherry } from './support/cli.ts';
import { countingAws, countingProject } from './support/counting-project.ts';
import type { EmulatedAws } from './support/emulated-aws.ts';

interface Status {
  readonly runId: string;
  readonly state: string;
  readonly tasks: readonly { readonly state: string }[];
}

async function statusOf(words: readonly string[]): Promise<Status> {
  return JSON.parse((await wherry(['status', ...words, '--format', 'json'])).stdout) as Status;
}

/** The states of the ECS tasks of a run, by ECS. */
async function statesOf(runId: string, { account }: EmulatedAws): Promise<(string | undefined)[]> {
  const ecs = ecsService(account);
  const listed = await ecs.listTasks('counting', runId);
  assert.ok(listed.ok);
  const described = await ecs.describeTasks('counting', listed.value);
  assert.ok(described.ok);
  ecs.close();
  return described.value.map(({ lastStatus }) => lastStatus);
}

test('cancel, local: the process that drives the run obeys, and nothing more is started', async () => {
  await using project = await countingProject();
  const words = ['-C', project.folder];
  const { ended } = startWherry(['run', ...words]);
  await project.untilBegun('middle');
  const cancelled = await wherry(['cancel', ...words]);
  assert.equal(cancelled.status, 0, cancelled.stderr);
  assert.match(cancelled.stdout, /: cancelled$/m);
  const run = await ended;
  assert.equal(run.status, 130);
  assert.match(run.stderr, /^next: wherry resume -C \S+ \S+ goes on with it$/m);
  assert.deepEqual(await project.counts(), { first: 1, middle: 1 });
});

test('cancel, on Fargate: the process that drives the run obeys, and ECS shows that all has stopped', async () => {
  await using project = await countingProject();
  await using account = await countingAws(project.folder);
  const words = ['-C', project.folder];
  const { ended } = startWherry(['run', ...words, '-e', 'fargate'], account.env);
  await project.untilBegun('middle');
  const cancelled = await wherry(['cancel', ...words], account.env);
  assert.equal(cancelled.status, 0, cancelled.stderr);
  assert.match(cancelled.stdout, /: cancelled\nECS knows 2 tasks of it, and all have stopped/);
  assert.equal((await ended).status, 130);
  const status = await statusOf(words);
  assert.deepEqual(
    status.tasks.map(({ state }) => state),
    ['succeeded', 'cancelled', 'waiting'],
  );
  assert.deepEqual(await project.counts(), { first: 1, middle: 1 });
  assert.deepEqual(await statesOf(status.runId, account), ['STOPPED', 'STOPPED']);
});

test('cancel, on Fargate: what a killed process has left running is stopped, and the run can be resumed', async () => {
  await using project = await countingProject();
  await using account = await countingAws(project.folder);
  const words = ['-C', project.folder];
  const { child, ended } = startWherry(['run', ...words, '-e', 'fargate'], account.env);
  await project.untilBegun('middle');
  child.kill('SIGKILL');
  await ended;
  const cancelled = await wherry(['cancel', ...words], account.env);
  assert.equal(cancelled.status, 0, cancelled.stderr);
  assert.match(cancelled.stderr, /cancelling run/);
  const status = await statusOf(words);
  assert.equal(status.state, 'cancelled');
  assert.deepEqual(await statesOf(status.runId, account), ['STOPPED', 'STOPPED']);
  const again = await wherry(['cancel', ...words], account.env);
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stdout, /cancelled\nECS knows 2 tasks of it, and all have stopped/);

  await project.go();
  const resumed = await wherry(['resume', ...words], account.env);
  assert.equal(resumed.status, 0, resumed.stderr);
  assert.deepEqual(await project.counts(), { first: 1, middle: 2, last: 1 });
});
