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

/** What becomes of a family of the user's with these containers, for tasks of 1 vCPU and 2 GiB. */
async function resolveMine(containerDefinitions: readonly object[], settings: object = {}) {
  const services = {
    ecs: {
      describeTaskDefinition: async () =>
        ok({ family: 'mine', revision: 7, taskDefinitionArn: 'arn:7', containerDefinitions }),
    },
  } as unknown as Services;
  const options = {
    settings: configSchema.parse({ execution_engine: { task_definition: 'mine' }, ...settings }),
    tell: () => undefined,
  } as unknown as DeliveryOptions;
  const plan = { tasks: [{ name: 'clean', vcpu: 1, memoryMiB: 2048 }] } as unknown as Plan;
  return resolveDefinitions(options, plan, services);
}

test("containers of a definition of the user's are limited only where one of them is, and the main one has what is left", async () => {
  const cases: [containers: object[], others: object | undefined][] = [
    [[{ name: 'main' }], undefined],
    [
      [
        { name: 'main', cpu: 0 },
        { name: 'proxy', cpu: 0 },
      ],
      undefined,
    ],
    [[{ name: 'main', memory: 512 }, { name: 'proxy' }], { cpu: 0, memory: 0 }],
    [[{ name: 'main' }, { name: 'proxy', cpu: 128, memoryReservation: 256 }], { cpu: 128, memory: 256 }],
  ];
  for (const [containers, others] of cases) {
    const resolved = await resolveMine(containers);
    assert.ok(resolved.ok);
    assert.deepEqual(resolved.value.get(null)?.others, others, JSON.stringify(containers));
  }
});

test("a definition of the user's whose other containers are promised all that a task has is refused", async () => {
  for (const proxy of [{ memory: 2048 }, { memoryReservation: 4096 }, { cpu: 1024 }]) {
    const resolved = await resolveMine([{ name: 'main' }, { name: 'proxy', ...proxy }]);
    assert.ok(!resolved.ok, JSON.stringify(proxy));
    assert.match(
      resolved.error.detail,
      /^in 'mine' the containers beside 'main' are promised .*'clean' has 1 vCPU, 2 GiB in all/,
    );
  }
});

test("an image that a definition of the user's has not is refused with what registers it today", async () => {
  const main = { name: 'main', image: 'shop:1' };
  assert.ok((await resolveMine([main], { image: 'shop:1' })).ok);
  const resolved = await resolveMine([main], { image: 'shop:2' });
  assert.ok(!resolved.ok);
  assert.match(resolved.error.detail, /has the image shop:1, and shop:2 is asked for/);
  assert.match(
    resolved.error.help,
    /set-image[\s\S]*aws ecs register-task-definition --cli-input-json file:\/\/mine\.json$/,
  );
});
