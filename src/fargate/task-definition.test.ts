import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '../../test/support/settings.ts';
import { saysTheSame } from './says-the-same.ts';
import { taskDefinition } from './task-definition.ts';

function definitionOf(engine: object) {
  return taskDefinition({
    family: 'wherry-shop',
    projectName: 'shop',
    engine: settings({ execution_engine: engine }).execution_engine,
    image: 'registry/shop:1',
    region: 'eu-central-1',
    step: 'wherry',
    environment: {},
  });
}

const FULL = {
  secrets: { A: 'arn:a', B: 'arn:b' },
  execution_role_arn: 'exec',
  task_role_arn: 'task',
  ephemeral_storage: { size_in_gib: 50 },
  efs: {
    '/mnt/models': 'fs-01234567',
    '/mnt/in': { file_system_id: 'fs-01234567', access_point_id: 'fsap-01234567', iam: true, read_only: true },
  },
  sidecars: {
    proxy: {
      image: 'proxy:1',
      command: ['--port', '1'],
      env: { A: 'b', C: 'd' },
      secrets: { KEY: 'arn:key' },
      vcpu: 0.25,
      memory: '1Gi',
      health_check: { command: ['CMD', 'true'] },
    },
    prepare: { image: 'prepare:1', condition: 'SUCCESS' },
  },
};
const wanted = definitionOf(FULL);

/**
 * As ECS describes it: without what was not set, read-only fields and defaults of its own, a role's name as its ARN, sets
 * in another order.
 */
function described(definition: object) {
  const copy = JSON.parse(JSON.stringify(definition)) as typeof wanted;
  return {
    ...copy,
    taskDefinitionArn: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/wherry-shop:7',
    revision: 7,
    status: 'ACTIVE',
    compatibilities: ['EC2', 'FARGATE'],
    placementConstraints: [],
    executionRoleArn: copy.executionRoleArn && `arn:aws:iam::123456789012:role/${copy.executionRoleArn}`,
    volumes: [...(copy.volumes ?? [])].reverse(),
    containerDefinitions: [...copy.containerDefinitions].reverse().map((container) => ({
      ...container,
      secrets: [...container.secrets].reverse(),
      environment: [...container.environment].reverse(),
      cpu: container.cpu ?? 0,
      portMappings: [],
      volumesFrom: [],
      systemControls: [],
    })),
  };
}

test('task definition: a described revision that says the same is equal, whatever ECS adds and however it orders', () => {
  assert.ok(saysTheSame(described(wanted), wanted));
  const plain = definitionOf({});
  assert.ok(saysTheSame(described(plain), plain));
});

test('task definition: what is changed, added or no longer set makes it differ', () => {
  const { proxy, prepare } = FULL.sidecars;
  const { '/mnt/models': models } = FULL.efs;
  const others: object[] = [
    { ...FULL, container_name: 'other' },
    { ...FULL, execution_role_arn: 'other' },
    { ...FULL, log_group: '/other' },
    { ...FULL, runtime_platform: { cpu_architecture: 'ARM64' } },
    { ...FULL, secrets: { A: 'arn:a' } },
    { ...FULL, ephemeral_storage: undefined },
    { ...FULL, task_role_arn: undefined },
    { ...FULL, efs: {} },
    { ...FULL, efs: { '/mnt/models': models } },
    { ...FULL, efs: { ...FULL.efs, '/mnt/models': { file_system_id: models, root_directory: '/a' } } },
    { ...FULL, efs: { ...FULL.efs, '/mnt/in': 'fs-01234567' } },
    { ...FULL, sidecars: {} },
    { ...FULL, sidecars: { proxy } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, command: undefined } } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, env: { A: 'b' } } } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, essential: true } } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, memory: undefined } } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, user: 'nobody' } } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, health_check: { command: ['CMD', 'true'], retries: 5 } } } },
    { ...FULL, sidecars: { prepare, proxy: { ...proxy, condition: 'START' } } },
  ];
  for (const engine of others) {
    const other = definitionOf(engine);
    assert.equal(saysTheSame(described(wanted), other), false, JSON.stringify(engine));
    assert.equal(saysTheSame(described(other), wanted), false, JSON.stringify(engine));
  }
});

test('task definition: the log driver of every container blocks rather than lose lines', () => {
  for (const { logConfiguration } of wanted.containerDefinitions)
    assert.equal(logConfiguration.options['mode'], 'blocking');
});

test('task definition: the pipeline waits for its sidecars, and has what they are not promised', () => {
  const [main, prepare, proxy] = wanted.containerDefinitions;
  assert.deepEqual(main.dependsOn, [
    { containerName: 'prepare', condition: 'SUCCESS' },
    { containerName: 'proxy', condition: 'HEALTHY' },
  ]);
  assert.deepEqual([prepare?.essential, prepare?.cpu, prepare?.memory], [false, undefined, undefined]);
  assert.deepEqual([proxy?.cpu, proxy?.memory], [256, 1024]);
  // 0.25 vCPU and 1 GiB are the sidecars', so that the smallest task is the next one.
  assert.deepEqual([wanted.cpu, wanted.memory], ['512', '2048']);
});

test('task definition: every path has its file system, always over an encrypted connection', () => {
  const [main] = wanted.containerDefinitions;
  assert.deepEqual(main.mountPoints, [
    { sourceVolume: 'efs-1', containerPath: '/mnt/in', readOnly: true },
    { sourceVolume: 'efs-2', containerPath: '/mnt/models', readOnly: false },
  ]);
  assert.deepEqual(
    wanted.volumes.map(({ efsVolumeConfiguration }) => efsVolumeConfiguration),
    [
      {
        fileSystemId: 'fs-01234567',
        rootDirectory: '/',
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: 'fsap-01234567', iam: 'ENABLED' },
      },
      {
        fileSystemId: 'fs-01234567',
        rootDirectory: '/',
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: undefined, iam: 'DISABLED' },
      },
    ],
  );
});
