import { defaultProvider } from '@aws-sdk/credential-provider-node';

export type CredentialChain = (init: object) => ReturnType<typeof defaultProvider>;

/** The SDK's own chain, which asks SSO and STS for credentials by such a handler too. */
export function credentialChain(requestHandler: () => object): CredentialChain {
  return (init) => defaultProvider({ ...init, clientConfig: { requestHandler: requestHandler() } });
}
