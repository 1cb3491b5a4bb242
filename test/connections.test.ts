import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { resolveAccount } from '../src/service/aws/account.ts';
import { ecsService } from '../src/service/aws/ecs.ts';
import { root } from './support/cli.ts';
import { pythonEnv } from './support/python-env.ts';

const ECS = 'ecs.wherry.test';
const PORTAL = 'portal.sso.eu-west-3.amazonaws.com';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-central-1' };

const SSO_KEYS = { accessKeyId: 'ASIASSO', secretAccessKey: 's', sessionToken: 't', expiration: 4e12 };
/** RUNNING is asked for, and STOPPED. */
const ANSWER = { ok: true, value: ['one', 'one'] };

const SSO_PROFILE = `[profile team]
region = eu-west-3
sso_session = s
sso_account_id = 123456789012
sso_role_name = ml
[sso-session s]
sso_region = eu-west-3
sso_start_url = https://example.awsapps.com/start
`;

let folder: string;
let ecs: Server;
let proxy: Server;
let refusal: string | undefined;
const askedWith: string[] = [];
const tunnels: (string | undefined)[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-certificate-'));
  const python = await pythonEnv('s3', join(root, 'emulator', 's3', 'requirements.txt'));
  await promisify(execFile)(python, [
    join(root, 'test', 'support', 'certificate.py'),
    folder,
    ECS,
    PORTAL,
    'localhost',
  ]);
  const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name))));
  ecs = createServer({ key, cert }, ({ url, headers }, response) => {
    askedWith.push(/Credential=(\w+)/.exec(headers.authorization ?? '')?.[1] ?? '');
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify(url?.startsWith('/federation') ? { roleCredentials: SSO_KEYS } : { taskArns: ['one'] }),
    );
  });
  proxy = createHttpServer().on('connect', ({ url }, client) => {
    tunnels.push(url);
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal}\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const server = connect(portOf(ecs), '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    server.pipe(client).pipe(server);
  });
  for (const server of [ecs, proxy])
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
});

after(async () => {
  for (const server of [ecs, proxy]) {
    server.close();
    server.closeAllConnections();
  }
  await rm(folder, { recursive: true });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** What ListTasks answers, asked as a user with these variables asks it. */
async function listTasks(endpointUrl: string, variables: Record<string, string>) {
  const account = await resolveAccount(
    { region: undefined, profile: undefined, endpointUrl },
    { ...KEYS, AWS_CONFIG_FILE: join(folder, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'), ...variables },
  );
  if (!account.ok) return account;
  const service = ecsService(account.value);
  tunnels.length = 0;
  // The SDK, and what decides for a proxy, read the process's own environment.
  const own = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await service.listTasks('c', 's');
  } finally {
    service.close();
    process.env = own;
  }
}

test('connections: by the proxy of HTTPS_PROXY, trusting AWS_CA_BUNDLE, and directly to the hosts of NO_PROXY', async () => {
  const trusted = { AWS_CA_BUNDLE: join(folder, 'cert.pem') };
  for (const HTTPS_PROXY of [`http://127.0.0.1:${portOf(proxy)}`, `127.0.0.1:${portOf(proxy)}`]) {
    const asked = await listTasks(`https://${ECS}`, { ...trusted, HTTPS_PROXY, NO_PROXY: 'localhost' });
    assert.deepEqual(asked, ANSWER);
    assert.deepEqual(tunnels, [`${ECS}:443`]);
    const direct = await listTasks(`https://localhost:${portOf(ecs)}`, {
      ...trusted,
      HTTPS_PROXY,
      NO_PROXY: 'localhost',
    });
    assert.deepEqual(direct, ANSWER);
    assert.deepEqual(tunnels, []);
  }
  const alone = await listTasks(`https://localhost:${portOf(ecs)}`, trusted);
  assert.deepEqual(alone, ANSWER);
});

test('connections: SSO is asked for its credentials through the proxy, too', async () => {
  await mkdir(join(folder, '.aws', 'sso', 'cache'), { recursive: true });
  await writeFile(join(folder, '.aws', 'config'), SSO_PROFILE);
  // The name of the file is the SHA-1 of the session's.
  await writeFile(
    join(folder, '.aws', 'sso', 'cache', 'a0f1490a20d0211c997b44bc357e1972deab8ae3.json'),
    '{"accessToken":"t","expiresAt":"2100-01-01T00:00:00Z"}',
  );
  askedWith.length = 0;
  const asked = await listTasks(`https://${ECS}`, {
    AWS_ACCESS_KEY_ID: '',
    AWS_PROFILE: 'team',
    AWS_CONFIG_FILE: join(folder, '.aws', 'config'),
    HOME: folder,
    AWS_CA_BUNDLE: join(folder, 'cert.pem'),
    HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`,
  });
  assert.deepEqual(asked, ANSWER);
  assert.deepEqual(tunnels.sort(), [`${ECS}:443`, `${PORTAL}:443`]);
  assert.deepEqual(askedWith, ['', 'ASIASSO', 'ASIASSO']);
});

test('connections: what is wrong with proxy or certificates is said', async () => {
  const HTTPS_PROXY = `http://127.0.0.1:${portOf(proxy)}`;
  const untrusted = await listTasks(`https://${ECS}`, { HTTPS_PROXY });
  assert.ok(!untrusted.ok && typeof untrusted.error === 'object');
  assert.equal(untrusted.error.kind, 'unreachable');
  assert.match(untrusted.error.detail, /self-signed certificate/);
  assert.match(untrusted.error.help, /AWS_CA_BUNDLE/);
  refusal = '407 Proxy Authentication Required';
  const refused = await listTasks(`https://${ECS}`, { HTTPS_PROXY });
  assert.ok(!refused.ok && typeof refused.error === 'object');
  assert.equal(refused.error.kind, 'unreachable');
  assert.match(refused.error.help, /HTTPS_PROXY=http:\/\/name:password@host:port/);
  assert.deepEqual(await listTasks(`https://${ECS}`, { AWS_CA_BUNDLE: '/none.pem' }), {
    ok: false,
    error: "the certificates of AWS_CA_BUNDLE cannot be read: ENOENT: no such file or directory, open '/none.pem'",
  });
  assert.deepEqual(await listTasks(`https://${ECS}`, { HTTPS_PROXY: 'socks5://127.0.0.1:1' }), {
    ok: false,
    error: 'HTTPS_PROXY is no URL of a proxy: write http://host:port',
  });
});
