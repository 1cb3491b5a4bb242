import type { Agent as NodeAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

/** Connects to each host by the proxy or, where NO_PROXY says so, directly. */
export class ProxyAgent extends Agent {
  readonly #direct: HttpsAgent;
  readonly #proxied: HttpsProxyAgent<string>;

  constructor(proxyUrl: string, options: AgentOptions) {
    super(options);
    this.#direct = new HttpsAgent(options);
    this.#proxied = new HttpsProxyAgent(proxyUrl, options);
  }

  override connect(_: unknown, { host, port }: AgentConnectOpts): NodeAgent {
    return getProxyForUrl(`https://${host}:${port}`) === '' ? this.#direct : this.#proxied;
  }

  override destroy(): void {
    this.#direct.destroy();
    this.#proxied.destroy();
  }
}
