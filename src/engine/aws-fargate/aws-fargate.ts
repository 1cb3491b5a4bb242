import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { bootstrapCommand, runKey, under } from '../../fargate/step-command.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { S3Service } from '../../service/aws/s3.ts';
import { ok, type Result } from '../../util/result.ts';
import type { Engine, OpenRequest } from '../engine.ts';
import { type Launch, thaw } from './launch.ts';
import type { FargateOptions, Services } from './options.ts';
import { deliver, openServices } from './publish.ts';
import { resolveDefinitions } from './resolve-definition.ts';
import { FargateSession } from './session.ts';

/** Runs each task as an ECS task on Fargate. */
export function fargateEngine(options: FargateOptions): Engine {
  return { id: 'aws-fargate', open: (request) => open(options, request) };
}

async function open(options: FargateOptions, request: OpenRequest): Promise<Result<FargateSession, ServiceTrouble>> {
  const services = openServices(options, options.limit);
  const launch = request.frozen === undefined ? await prepare(options, request, services) : ok(thaw(request.frozen));
  return launch.ok ? ok(new FargateSession({ options, request, services, launch: launch.value })) : launch;
}

/** Makes what the run's tasks need, and says what they are asked for by. */
async function prepare(
  { delivery }: FargateOptions,
  request: OpenRequest,
  services: Services,
): Promise<Result<Launch, ServiceTrouble>> {
  if (delivery === undefined) throw new Error('a new run cannot be opened with nothing to deliver');
  const { settings, spill, step, bootstrap, sha256 } = delivery;
  const definitions = await resolveDefinitions(delivery, request.plan, services);
  if (!definitions.ok) return definitions;
  const prepared = await Promise.all([
    deliver(delivery, request.plan, services.s3),
    recordRun(spill, request, services.s3),
  ]);
  const trouble = prepared.find((result) => !result.ok);
  if (trouble !== undefined) return trouble;
  return ok({
    settings: { execution_engine: settings.execution_engine, step: settings.step },
    definitions: [...definitions.value],
    spill,
    stepHash: sha256(step),
    bootstrap: isPlainKedro(settings) ? [] : bootstrapCommand(bootstrap),
  });
}

/** One save version for the whole run: the first writer wins. */
async function recordRun(
  spill: string | undefined,
  { runId, plan, saveVersion }: OpenRequest,
  s3: S3Service,
): Promise<Result<unknown, ServiceTrouble>> {
  if (spill === undefined) return ok(undefined);
  const run = { version: 1, runId, planHash: plan.planHash, saveVersion };
  return s3.putIfAbsent(under(spill, runKey(runId, 'run.json')), JSON.stringify(run));
}
