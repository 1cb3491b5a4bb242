import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, it } from 'node:test';
import { promisify } from 'node:util';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  RegisterTaskDefinitionCommand,
  StopTaskCommand,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import { pythonEnv } from '../test/support/python-env.ts';
import { CLUSTER, clients, definition, LOG_GROUP, request, run } from './test-clients.ts';
import { startEmulator, type TestEmulator, temporaryFolder } from './test-emulator.ts';

const state = temporaryFolder();
const image = temporaryFolder();
const work = temporaryFolder();
let emulator: TestEmulator;
/** The folder that has the AWS CLI's `aws`. */
let bin: string;

before(async () => {
  const here = import.meta.dirname;
  const s3Python = await pythonEnv('s3', join(here, 's3', 'requirements.txt'));
  bin = dirname(await pythonEnv('awscli', join(here, 'requirements-awscli.txt')));
  const args = ['--time-scale', '0', '--image', `image:1=${image.path}`, '--image', `image:2=${image.path}`];
  emulator = await startEmulator({ stateDir: state.path, s3Python, args });
  const { ecs, logs } = clients(emulator);
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
});

after(async () => {
  await emulator.end();
  for (const folder of [state, image, work]) folder.remove();
});

/** What a shell script prints that has the AWS CLI, and of AWS's variables only those that the emulator exports. */
async function shell(script: string, env: Record<string, string> = {}): Promise<string> {
  const { HOME = '', PATH = '' } = process.env;
  const own = { HOME, PATH: `${bin}:${PATH}`, AWS_PAGER: '', CLUSTER, ...env };
  const options = { env: { ...emulator.env, ...own }, cwd: work.path };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', script], options);
  return stdout;
}

it('AWS CLI: registers a definition, runs it, waits until the task has stopped, and reads its log', async () => {
  const waits = `while [ ! -e ${work.path}/go ]; do sleep 0.05; done; echo one; exit 3`;
  writeFileSync(join(work.path, 'definition.json'), JSON.stringify(definition('cli', waits)));
  const out = await shell(`
    aws ecs register-task-definition --cli-input-json file://definition.json --query taskDefinition.revision
    task=$(aws ecs run-task --cluster $CLUSTER --task-definition cli --launch-type FARGATE \\
      --network-configuration 'awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1]}' \\
      --query 'tasks[0].taskArn' --output text)
    aws ecs describe-tasks --cluster $CLUSTER --tasks "$task" --query 'tasks[0].desiredStatus' --output text
    (sleep 1; touch go) &
    aws ecs wait tasks-stopped --cluster $CLUSTER --tasks "$task"
    aws ecs describe-tasks --cluster $CLUSTER --tasks "$task" --query 'tasks[0].containers[0].exitCode'
    aws logs get-log-events --log-group-name ${LOG_GROUP} --log-stream-name "ecs/main/\${task##*/}" \\
      --query 'events[].message' --output text
  `);
  assert.deepEqual(out.trim().split('\n'), ['1', 'RUNNING', '3', 'one']);
});

const hasJq = (() => {
  try {
    return Boolean(execFileSync('jq', ['--version']));
  } catch {
    return false;
  }
})();

it('AWS CLI: a new image becomes a new revision by describe, jq and register', {
  skip: hasJq ? false : 'no jq',
}, async () => {
  const role = 'arn:aws:iam::123456789012:role/task';
  const first = { ...definition('ci', 'exit 0'), taskRoleArn: role };
  const { ecs } = clients(emulator);
  await ecs.send(new RegisterTaskDefinitionCommand({ ...first, runtimePlatform: { cpuArchitecture: 'ARM64' } }));
  const out = await shell(
    `
    NEW_DEF=$(aws ecs describe-task-definition --task-definition ci --query '{
        containerDefinitions: taskDefinition.containerDefinitions,
        family: taskDefinition.family,
        taskRoleArn: taskDefinition.taskRoleArn,
        executionRoleArn: taskDefinition.executionRoleArn,
        networkMode: taskDefinition.networkMode,
        volumes: taskDefinition.volumes,
        placementConstraints: taskDefinition.placementConstraints,
        requiresCompatibilities: taskDefinition.requiresCompatibilities,
        cpu: taskDefinition.cpu,
        memory: taskDefinition.memory
      }' | jq --arg IMAGE "$ECR_IMAGE" '.containerDefinitions[0].image = $IMAGE')
    aws ecs register-task-definition --cli-input-json "$NEW_DEF"
  `,
    { ECR_IMAGE: 'image:2' },
  );
  const { taskDefinition } = JSON.parse(out);
  assert.deepEqual([taskDefinition.revision, taskDefinition.containerDefinitions[0].image], [2, 'image:2']);
  assert.deepEqual([taskDefinition.taskRoleArn, taskDefinition.cpu, taskDefinition.memory], [role, '256', '512']);
  assert.equal(taskDefinition.runtimePlatform, undefined, 'the recipe loses what it does not name');
});

it('SDK for JavaScript: its waiters see a task run and stop', async () => {
  const { ecs } = clients(emulator);
  await ecs.send(new RegisterTaskDefinitionCommand(definition('waited', 'exec sleep 60')));
  const { taskArn = '' } = await run(ecs, request('waited'));
  const often = { client: ecs, maxWaitTime: 60, minDelay: 0.01, maxDelay: 0.1 };
  const tasks = { cluster: CLUSTER, tasks: [taskArn] };
  assert.equal((await waitUntilTasksRunning(often, tasks)).state, 'SUCCESS');
  await ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: taskArn }));
  assert.equal((await waitUntilTasksStopped(often, tasks)).state, 'SUCCESS');
  await assert.rejects(waitUntilTasksRunning(often, tasks), /"FAILURE"|FAILURE/);
});
