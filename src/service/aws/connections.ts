import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { type AgentOptions, Agent as DirectAgent } from 'node:https';
import { failed, ok, type Result } from '../../util/result.ts';
import type { CredentialChain } from './credential-chain.ts';

/** Makes the agent of one client of the SDK: a client that is closed closes its agent. */
export type AgentMaker = () => Agent;

/** How connections are made that are not straight to AWS. */
export interface Connections {
  readonly makeAgent: AgentMaker;
  readonly credentialChain: CredentialChain;
}

/** Without them a connection that hangs would hang for ever. */
export const PATIENCE = { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true };

interface Asked {
  readonly of: (name: string) => string | undefined;
  /** AWS_CA_BUNDLE, else the profile's `ca_bundle`. */
  readonly caBundle: string | undefined;
}

/**
 * Connections through the proxy of HTTPS_PROXY, but for the hosts of NO_PROXY, trusting only the authorities in
 * AWS_CA_BUNDLE: as the AWS CLI makes them (botocore's `httpsession`), while the SDK knows none of the three. Undefined
 * where none is set. What is wrong, in a sentence.
 */
export async function connectionsBy({ of, caBundle }: Asked): Promise<Result<Connections | undefined, string>> {
  const proxy = of('https_proxy') ?? of('HTTPS_PROXY');
  if (proxy === undefined && caBundle === undefined) return ok(undefined);
  const proxyUrl = proxy && (proxy.includes('://') ? proxy : `http://${proxy}`);
  if (proxyUrl !== undefined && !(URL.canParse(proxyUrl) && /^https?:/.test(proxyUrl)))
    return failed('HTTPS_PROXY is no URL of a proxy: write http://host:port');
  const trusted = caBundle === undefined ? ok({}) : await authoritiesIn(caBundle);
  if (!trusted.ok) return trusted;
  const makeAgent = await agentMaker(proxyUrl, { keepAlive: true, ...trusted.value });
  const { credentialChain } = await import('./credential-chain.ts');
  return ok({ makeAgent, credentialChain: credentialChain(() => ({ ...PATIENCE, httpsAgent: makeAgent() })) });
}

async function agentMaker(proxyUrl: string | undefined, options: AgentOptions): Promise<AgentMaker> {
  if (proxyUrl === undefined) return () => new DirectAgent(options);
  const { ProxyAgent } = await import('./proxy-agent.ts');
  return () => new ProxyAgent(proxyUrl, options);
}

async function authoritiesIn(path: string): Promise<Result<{ ca: string }, string>> {
  try {
    return ok({ ca: await readFile(path, 'utf8') });
  } catch (error) {
    return failed(`the certificates of AWS_CA_BUNDLE cannot be read: ${(error as Error).message}`);
  }
}
