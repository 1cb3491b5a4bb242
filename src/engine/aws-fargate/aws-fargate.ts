import { deflateSync } from 'node:zlib';
import { isPlainKedro, plainCommand } from '../../fargate/plain-kedro.ts';
import { bootstrapCommand, runKey, under } from '../../fargate/step-command.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { S3Service } from '../../service/aws/s3.ts';
import { ok, type Result } from '../../util/result.ts';
import type { Engine, OpenRequest } from '../engine.ts';
import type { FargateOptions } from './options.ts';
import { deliver, openServices } from './publish.ts';
import { resolveDefinitions } from './resolve-definition.ts';
import { FargateSession } from './session.ts';

/** Runs each task as an ECS task on Fargate. */
export function fargateEngine(options: FargateOptions): Engine {
  return { id: 'aws-fargate', open: (request) => open(options, request) };
}

async function open(options: FargateOptions, request: OpenRequest): Promise<Result<FargateSession, ServiceTrouble>> {
  const { settings, spill, step, sha256 } = options;
  const { plan } = request;
  const services = openServices(options);
  const definitions = await resolveDefinitions(options, plan, services);
  if (!definitions.ok) return definitions;
  const bootstrap = bootstrapCommand(options.bootstrap);
  const prepared = await Promise.all([deliver(options, plan, services.s3), recordRun(spill, request, services.s3)]);
  const trouble = prepared.find((result) => !result.ok);
  if (trouble !== undefined) return trouble;
  return ok(
    new FargateSession({
      options,
      request,
      services,
      definitions: definitions.value,
      commandOf: (task) => (isPlainKedro(settings) ? plainCommand(task, plan, settings) : bootstrap),
      delivery: {
        settings,
        plan,
        spill,
        stepHash: sha256(step),
        deflate: (text) => deflateSync(text).toString('base64'),
      },
    }),
  );
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
