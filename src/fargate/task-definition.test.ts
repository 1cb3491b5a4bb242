import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '../../test/support/settings.ts';
import { saysTheSame, taskDefinition } from './task-definition.ts';

const wanted = taskDefinition({
  family: 'wherry-shop',
  projectName: 'shop',
  engine: settings({ execution_engine: { secrets: { A: 'arn:a', B: 'arn:b' }, execution_role_arn: 'exec' } })
    .execution_engine,
  image: 'registry/shop:1',
  region: 'eu-central-1',
  step: 'wherry',
  environment: {},
});
const [main] = wanted.containerDefinitions;
/** As ECS describes it: read-only fields, defaults of its own, secrets in another order. */
const described = {
  ...wanted,
  taskDefinitionArn: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/wherry-shop:7',
  revision: 7,
  status: 'ACTIVE',
  compatibilities: ['EC2', 'FARGATE'],
  volumes: [],
  containerDefinitions: [{ ...main, secrets: [...main.secrets].reverse(), cpu: 0, portMappings: [], mountPoints: [] }],
};

test('task definition: a described revision that says the same is equal, whatever ECS adds and however it orders', () => {
  assert.ok(saysTheSame(described, wanted));
});

test('task definition: another image, role, log option or a further container makes it differ', () => {
  const container = described.containerDefinitions[0] as typeof main;
  const changes = [
    { ...described, containerDefinitions: [{ ...container, image: 'registry/shop:2' }] },
    { ...described, executionRoleArn: 'other' },
    { ...described, executionRoleArn: undefined },
    { ...described, containerDefinitions: [{ ...container, logConfiguration: { logDriver: 'awslogs', options: {} } }] },
    { ...described, containerDefinitions: [container, { name: 'sidecar' }] },
  ];
  for (const changed of changes) assert.equal(saysTheSame(changed, wanted), false, JSON.stringify(changed));
});

test('task definition: the log driver blocks rather than lose lines', () => {
  assert.equal(main.logConfiguration.options['mode'], 'blocking');
});
