import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { manifestKey, stepKey, under } from '../../fargate/step-command.ts';
import type { Plan } from '../../model/plan.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import { ecsService } from '../../service/aws/ecs.ts';
import { logsService } from '../../service/aws/logs.ts';
import type { Limiter } from '../../service/aws/rates.ts';
import { type S3Service, s3Service } from '../../service/aws/s3.ts';
import { ok, type Result } from '../../util/result.ts';
import type { DeliveryOptions, Services } from './options.ts';
import { type Definitions, resolveDefinitions } from './resolve-definition.ts';

/** `limit`: what all calls together may take of the account's rates. */
export function openServices({ account }: Pick<DeliveryOptions, 'account'>, limit?: Limiter): Services {
  return { ecs: ecsService(account, limit), logs: logsService(account, limit), s3: s3Service(account) };
}

/** Makes all that tasks of the plan need, whoever starts them: the definitions, and step and manifest at the spill. */
export async function publish(options: DeliveryOptions, plan: Plan): Promise<Result<Definitions, ServiceTrouble>> {
  const services = openServices(options);
  try {
    const delivered = await deliver(options, plan, services.s3);
    return delivered.ok ? await resolveDefinitions(options, plan, services) : delivered;
  } finally {
    for (const service of Object.values(services)) service.close();
  }
}

/** Puts step and manifest at the spill, each named by its content. */
export async function deliver(
  { settings, spill, step, sha256 }: DeliveryOptions,
  plan: Plan,
  s3: S3Service,
): Promise<Result<unknown, ServiceTrouble>> {
  if (spill === undefined || isPlainKedro(settings)) return ok(undefined);
  const puts = await Promise.all([
    s3.putIfAbsent(under(spill, stepKey(sha256(step))), step),
    s3.putIfAbsent(under(spill, manifestKey(plan.planHash)), JSON.stringify(plan)),
  ]);
  return puts.find((put) => !put.ok) ?? ok(undefined);
}
