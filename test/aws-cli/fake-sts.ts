import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const REFUSED: Readonly<Record<string, string>> = { AKIAWRONG: 'InvalidClientTokenId', AKIAEXPIRED: 'ExpiredToken' };

/** STS, and the portal of SSO, for tests: whoever asks who he is hears by which key his request was signed. */
export async function fakeSts(): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(async (request, response) => {
    const action = new URLSearchParams(await text(request)).get('Action');
    const key = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const code = REFUSED[key];
    if (request.url?.startsWith('/federation/credentials')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          roleCredentials: { accessKeyId: 'ASIASSO', secretAccessKey: 's', sessionToken: 't', expiration: 4e12 },
        }),
      );
      return;
    }
    response.writeHead(code === undefined ? 200 : 403, { 'content-type': 'text/xml' });
    response.end(
      code === undefined
        ? answer(action ?? '', key)
        : `<ErrorResponse><Error><Code>${code}</Code><Message>no good: ${code}</Message></Error></ErrorResponse>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(action: string, key: string): string {
  if (action === 'GetCallerIdentity')
    return `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${key}</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  const by = action === 'AssumeRole' ? `ASIAROLEBY${key}` : 'ASIAWEB';
  const credentials = `<Credentials><AccessKeyId>${by}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>`;
  return `<${action}Response><${action}Result>${credentials}<AssumedRoleUser><Arn>a</Arn><AssumedRoleId>i</AssumedRoleId></AssumedRoleUser></${action}Result></${action}Response>`;
}
