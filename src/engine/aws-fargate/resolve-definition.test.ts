import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../config/schema.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Plan } from '../../model/plan.ts';
import { failed, ok } from '../../util/result.ts';
import type { DeliveryOptions, Services } from './options.ts';
import { resolveDefinitions } from './resolve-definition.ts';

test("a revision that is the user's is resolved once, and what may surprise in it is told", async () => {
  const told: Diagnostic[] = [];
  const asked: string[] = [];
  const described = {
    family: 'mine',
    revision: 7,
    taskDefinitionArn: 'arn:7',
    containerDefinitions: [
      {
        name: 'main',
        logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/g', 'awslogs-region': 'us-east-1' } },
      },
    ],
  };
  const services = {
    ecs: {
      describeTaskDefinition: async (name: string) => {
        asked.push(name);
        return ok(described);
      },
    },
  } as unknown as Services;
  const options = {
    settings: configSchema.parse({ execution_engine: { task_definition: 'mine' } }),
    tell: (findings: readonly Diagnostic[]) => told.push(...findings),
  } as unknown as DeliveryOptions;
  const resolved = await resolveDefinitions(options, { tasks: [] } as unknown as Plan, services);
  assert.ok(resolved.ok);
  assert.deepEqual(resolved.value.get(null)?.name, 'mine:7');
  assert.deepEqual(resolved.value.get(null)?.log, { group: '/g', prefix: 'ecs', region: 'us-east-1' });
  assert.deepEqual(asked, ['mine']);
  assert.deepEqual(
    told.map(({ code }) => code),
    ['definition/lines-dropped'],
  );
});

test('a log group that may not be made may be there: the definition is registered, and it is said', async () => {
  const image = 'shop:1';
  const said: string[] = [];
  let code = 'AccessDeniedException';
  const services = {
    logs: {
      createGroup: async () =>
        failed({ kind: 'refused', code, detail: 'not authorized to perform: logs:CreateLogGroup' }),
    },
    ecs: {
      describeTaskDefinition: async () => ok(undefined),
      registerTaskDefinition: async (input: object) => ok({ ...input, revision: 1, taskDefinitionArn: 'arn:1' }),
    },
  } as unknown as Services;
  const options = {
    settings: configSchema.parse({ image }),
    projectName: 'shop',
    account: { region: 'eu-central-1' },
    spill: 's3://shop/spill',
    sha256: (text: string) => text,
    say: (text: string) => said.push(text),
  } as unknown as DeliveryOptions;
  const plan = { project: 'shop', tasks: [{ image }] } as unknown as Plan;
  const resolved = await resolveDefinitions(options, plan, services);
  assert.ok(resolved.ok);
  assert.equal(resolved.value.get(image)?.arn, 'arn:1');
  assert.deepEqual(resolved.value.get(image)?.log?.group, '/ecs/wherry-shop');
  assert.match(said.join(), /'\/ecs\/wherry-shop' must be there already: logs:CreateLogGroup is denied/);
  code = 'LimitExceededException';
  assert.ok(!(await resolveDefinitions(options, plan, services)).ok);
});
