import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../config/schema.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Plan } from '../../model/plan.ts';
import { ok } from '../../util/result.ts';
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
      { name: 'main', logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/g' } } },
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
  assert.deepEqual(asked, ['mine']);
  assert.deepEqual(
    told.map(({ code }) => code),
    ['definition/lines-dropped'],
  );
});
