import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FAILURE_TABLE, type Place } from '../../src/engine/aws-fargate/failure-table.ts';
import { refusalOf } from '../../src/engine/aws-fargate/refusal.ts';
import { endOf } from '../../src/engine/aws-fargate/stopped-task.ts';
import type { Failure } from '../../src/model/run.ts';
import type { StepEvent } from '../../src/model/step-event.ts';
import { retryClass } from '../../src/run/retry.ts';
import { type EcsService, type EcsTask, ecsService } from '../../src/service/aws/ecs.ts';

/** What ECS said, as it comes over the wire, and what is made of it. UPDATE_GOLDEN=1 rewrites the latter. */
interface Case {
  readonly name: string;
  readonly runTask?: { readonly status: number; readonly body: object };
  readonly task?: EcsTask;
  /** Null where nothing that a step reports can be known. */
  readonly events?: readonly StepEvent[] | null;
  expected: unknown;
}

const FILE = join(import.meta.dirname, 'fargate-failures.json');
const cases = JSON.parse(readFileSync(FILE, 'utf8')) as Case[];

/** Answers every request with what its token names: the number of a case. */
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const { clientToken } = JSON.parse(text) as { clientToken: string };
  const answer = cases[Number(clientToken)]?.runTask;
  response.writeHead(answer?.status ?? 404, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(answer?.body));
});
let ecs: EcsService;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ecs = ecsService({
    region: 'eu-central-1',
    profile: undefined,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    endpoints: { ecs: endpoint, logs: endpoint, s3: endpoint, sts: endpoint },
  });
});

after(() => {
  ecs.close();
  server.close();
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(FILE, `${JSON.stringify(cases, undefined, 2)}\n`);
});

for (const [index, one] of cases.entries()) {
  test(`fargate failures: ${one.name}`, async () => {
    const result = one.task === undefined ? await started(index) : ended(one.task, one.events);
    if (process.env['UPDATE_GOLDEN'] === '1') one.expected = result;
    assert.deepEqual(JSON.parse(JSON.stringify(result)), one.expected);
  });
}

test('fargate failures: every row of the table decides a case', () => {
  const said: [Place, string][] = cases.flatMap(({ runTask, task }): [Place, string][] => {
    const body = runTask?.body as { __type?: string; message?: string; failures?: { reason: string }[] } | undefined;
    const stopped = [task?.stoppedReason, ...(task?.containers ?? []).map(({ reason }) => reason)].join('; ');
    if (body?.__type !== undefined) return [['error', `${body.__type}: ${body.message}`]];
    if (body !== undefined) return [['failures', body.failures?.[0]?.reason ?? '']];
    return task?.stopCode === 'TaskFailedToStart'
      ? [['not-started', stopped]]
      : [
          ['stop-code', task?.stopCode ?? ''],
          ['stopped', stopped],
        ];
  });
  const deciding = new Set(
    said.map(([place, text]) => FAILURE_TABLE.find((row) => row.in.includes(place) && row.match.test(text))),
  );
  for (const row of FAILURE_TABLE) assert.ok(deciding.has(row), `no case is decided by ${row.in} ${row.match}`);
});

async function started(index: number): Promise<object> {
  const answer = await ecs.runTask({ taskDefinition: 'x:1', clientToken: String(index) });
  if (!answer.ok) return told(refusalOf(answer.error));
  const { task, reasons } = answer.value;
  if (task !== undefined) return { started: task.taskArn };
  return told(refusalOf(reasons.join('; ') || 'ECS started nothing and gave no reason'));
}

function ended(task: EcsTask, events: Case['events'] = []): object {
  const { exitCode, failure } = endOf(task, 'main', events ?? undefined);
  return { exitCode: exitCode ?? null, ...(failure === undefined ? { failure: null } : told(failure)) };
}

function told(said: ReturnType<typeof refusalOf>): object {
  if (!('reason' in said)) return { trouble: said.kind, retry: 'the same attempt' };
  return { failure: said, retry: { onDemand: classOf(said, false), onSpot: classOf(said, true) } };
}

function classOf(failure: Failure, spot: boolean): string {
  return retryClass(failure, { spot });
}
