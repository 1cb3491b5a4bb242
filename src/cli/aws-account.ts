import { adjust } from '../diagnostics/adjust.ts';
import type { DeliveryOptions } from '../engine/aws-fargate/options.ts';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { type Prepared, sha256 } from './prepare.ts';
import { readBridge } from './read-bridge.ts';
import { reportFindings } from './report-findings.ts';

/** The account that flags, settings, environment and the AWS CLI's files name. */
export async function accountFrom(
  { region: set }: { readonly region?: string | undefined },
  { region, profile, endpointUrl }: GlobalOptions,
  { env, tell }: Host,
): Promise<AwsAccount> {
  const { resolveAccount } = await import('../service/aws/account.ts');
  const account = await resolveAccount({ region: region ?? set, profile, endpointUrl }, env);
  if (!account.ok) throw new UsageError(account.error);
  return { ...account.value, report: callTeller(tell) };
}

/** The same, in the region where a run was begun, whatever is asked for today. */
export function accountOfRun(
  { prices }: Pick<LaunchRecord, 'prices'>,
  { region: _, ...options }: GlobalOptions,
  host: Host,
): Promise<AwsAccount> {
  return accountFrom({ region: prices?.region }, options, host);
}

/** What the Fargate engine is made of, but its limits. */
export async function fargateOptions(
  account: AwsAccount,
  { settings, project, spill }: Prepared,
  { options, host }: { readonly options: GlobalOptions; readonly host: Host },
): Promise<DeliveryOptions> {
  const { step, bootstrap } = await readBridge(host);
  const tell: DeliveryOptions['tell'] = (findings) =>
    reportFindings(adjust(findings, settings.severity), options, host);
  return { account, settings, projectName: project.name, spill, step, bootstrap, sha256, tell, say: sayer(host.err) };
}

export function sayer(err: Host['err']): DeliveryOptions['say'] {
  return (text) => err(`wherry: ${text}\n`);
}

export function callTeller(tell: Host['tell']): NonNullable<AwsAccount['report']> {
  return ({ service, operation, ms, code = 'ok' }) => tell(`${service} ${operation}: ${code}, ${ms} ms`);
}
