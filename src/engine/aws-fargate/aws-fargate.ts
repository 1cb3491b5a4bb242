import { bootstrapCommand, manifestKey, runKey, stepKey, under } from '../../fargate/step-command.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import { ecsService } from '../../service/aws/ecs.ts';
import { logsService } from '../../service/aws/logs.ts';
import { type S3Service, s3Service } from '../../service/aws/s3.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type { Engine, OpenRequest } from '../engine.ts';
import type { FargateOptions, Services } from './options.ts';
import { resolveDefinition } from './resolve-definition.ts';
import { FargateSession } from './session.ts';

/** Runs each task as an ECS task on Fargate. */
export function fargateEngine(options: FargateOptions): Engine {
  return { id: 'aws-fargate', open: (request) => open(options, request) };
}

async function open(options: FargateOptions, request: OpenRequest): Promise<Result<FargateSession, ServiceTrouble>> {
  const { account, spill } = options;
  const services: Services = { ecs: ecsService(account), logs: logsService(account), s3: s3Service(account) };
  const definition = await resolveDefinition(options, services);
  if (!definition.ok) return definition;
  const delivery = await deliverStep(options, request, services.s3);
  if (!delivery.ok) return delivery;
  const command = bootstrapCommand(options.bootstrap);
  return ok(
    new FargateSession({
      options,
      request,
      services,
      definition: definition.value,
      command,
      delivery: delivery.value,
      spill,
    }),
  );
}

/** Puts step, manifest and run record at the spill; returns the variables by which a container finds them. */
async function deliverStep(
  { spill, step, sha256 }: FargateOptions,
  { runId, plan, saveVersion }: OpenRequest,
  s3: S3Service,
): Promise<Result<Record<string, string>, ServiceTrouble>> {
  // Without a spill the step stands in the task definition and the manifest in each request.
  if (spill === undefined) return ok({});
  const hash = sha256(step);
  const run = { version: 1, runId, planHash: plan.planHash, saveVersion };
  const puts = await Promise.all([
    s3.putIfAbsent(under(spill, stepKey(hash)), step),
    s3.putIfAbsent(under(spill, manifestKey(plan.planHash)), JSON.stringify(plan)),
    s3.putIfAbsent(under(spill, runKey(runId, 'run.json')), JSON.stringify(run)),
  ]);
  const bad = puts.find((put) => !put.ok);
  if (bad !== undefined && !bad.ok) return failed(bad.error);
  return ok({
    WHERRY_SPILL: spill,
    WHERRY_STEP: hash,
    WHERRY_PLAN: under(spill, manifestKey(plan.planHash)),
    WHERRY_EVENTS: 'spill',
  });
}
