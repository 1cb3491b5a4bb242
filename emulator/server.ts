import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, json } from './answer.ts';
import { AwsError } from './aws-error.ts';
import type { Calls } from './calls.ts';
import { containerAnswer } from './container-endpoints.ts';
import type { Holders } from './holders.ts';
import type { Input } from './input.ts';
import { getCallerIdentity } from './operations/get-caller-identity.ts';
import { OPERATIONS, SERVICES } from './operations/operations.ts';
import type { World } from './state.ts';

/** The emulator's own resources under /_emulator/, given method, path and body. */
export type Control = (method: string, path: string, body: string) => Promise<Answer>;

interface Options {
  readonly world: World;
  readonly control: Control;
  readonly holders: Holders;
  readonly calls: Calls;
  readonly log: (line: string) => void;
}

/** Listens on a loopback port; 0 takes a free one. Resolves to the port. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

export function emulatorServer(options: Options): Server {
  const server = createServer((request, response) => {
    if (request.url === '/_emulator/hold' && isForUs(request)) options.holders.add(response);
    else void answer(request, options).then((given) => send(response, given, options));
  });
  // SDKs keep connections; one that is closed under a request looks like a lost answer.
  server.keepAliveTimeout = 120_000;
  return server;
}

function send(response: ServerResponse, answer: Answer, { log }: Options): void {
  const request = response.req;
  log(`${request.method} ${request.url} ${request.headers['x-amz-target'] ?? ''} ${answer.status}`);
  response.writeHead(answer.status, { 'content-type': answer.type, 'x-amzn-requestid': randomUUID() });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answer(request: IncomingMessage, options: Options): Promise<Answer> {
  const { world, control, log } = options;
  try {
    if (!isForUs(request)) return json(403, { message: 'Host' });
    const body = await bodyOf(request);
    const path = request.url ?? '/';
    if (path.startsWith('/_emulator/')) return control(request.method ?? '', path, body);
    if (request.method === 'GET') return containerAnswer(path, { world, token: request.headers.authorization });
    return operate(callOf(request.headers['x-amz-target'], body), options);
  } catch (error) {
    log(`error: ${(error as Error).stack}`);
    return json(500, { __type: 'ServerException', message: `The emulator failed: ${(error as Error).message}` });
  }
}

/** A page in a browser that rebinds its name to this address sends its own name. */
function isForUs({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? '');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A request for an operation. */
interface Call {
  /** As IAM has it: `ecs:RunTask`. */
  readonly name: string;
  /** Throws AwsError. */
  readonly answer: (world: World) => Answer;
}

function callOf(target: string | string[] | undefined, body: string): Call {
  if (typeof target === 'string') {
    const operation = OPERATIONS[target];
    const [prefix, name = prefix ?? ''] = target.split('.');
    return {
      name: `${SERVICES[prefix ?? ''] ?? prefix}:${name}`,
      answer(world) {
        if (!operation) throw unknownOperation(name);
        return json(200, operation(parsed(body), world));
      },
    };
  }
  // STS has no X-Amz-Target: its requests are forms, with the operation in `Action`.
  const action = new URLSearchParams(body).get('Action') ?? '(none)';
  return { name: `sts:${action}`, answer: (world) => query(action, world) };
}

function operate(call: Call, { world, calls }: Options): Answer {
  let error: string | undefined = 'ServerException';
  try {
    const answered = call.answer(world);
    error = answered.status < 400 ? undefined : 'InvalidAction';
    return answered;
  } catch (thrown) {
    if (!(thrown instanceof AwsError)) throw thrown;
    error = thrown.type;
    return json(thrown.status, { __type: thrown.type, message: thrown.message, ...thrown.details });
  } finally {
    calls.count(call.name, error);
  }
}

function parsed(body: string): Input {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Input;
  } catch {
    // Falls through.
  }
  throw new AwsError('SerializationException', 'The request is not a JSON object');
}

function query(action: string, world: World): Answer {
  if (action === 'GetCallerIdentity') return { status: 200, type: 'text/xml', body: getCallerIdentity(world) };
  const { message } = unknownOperation(action);
  const xml = `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>${escaped(message)}</Message></Error></ErrorResponse>`;
  return { status: 400, type: 'text/xml', body: xml };
}

const unknownOperation = (name: string) =>
  new AwsError('UnknownOperationException', `The emulator does not do the operation ${name}.`);

const escaped = (text: string) => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
