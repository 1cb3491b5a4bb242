import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, json } from './answer.ts';
import { AwsError } from './aws-error.ts';
import type { Calls } from './calls.ts';
import { containerAnswer } from './container-endpoints.ts';
import { subjectsOfRequest } from './faults/subject.ts';
import type { Holders } from './holders.ts';
import { type Call, callOf } from './protocol.ts';
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

/** Listens on a loopback port; 0 takes a free one. Resolves to the port. Throws with a sentence. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const isTaken = code === 'EADDRINUSE';
      reject(new Error(isTaken ? `another program has port ${port}: give another one with --port` : message));
    });
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

function send(response: ServerResponse, answer: Answer | 'cut', { log }: Options): void {
  const request = response.req;
  const outcome = answer === 'cut' ? 'cut' : answer.status;
  log(`${request.method} ${request.url} ${request.headers['x-amz-target'] ?? ''} ${outcome}`);
  if (answer === 'cut') {
    request.socket.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'x-amzn-requestid': randomUUID(),
    ...(answer.errorType ? { 'x-amzn-errortype': answer.errorType } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answer(request: IncomingMessage, options: Options): Promise<Answer | 'cut'> {
  const { world, control } = options;
  const { method = '', url: path = '/', headers } = request;
  try {
    if (!isForUs(request)) return json(403, { message: 'Host' });
    const body = await bodyOf(request);
    if (body === undefined) return tooLarge();
    if (path.startsWith('/_emulator/')) return await control(method, path, body.toString());
    if (method === 'GET' || method === 'HEAD') return containerAnswer(path, { world, token: headers.authorization });
    const isOperation = method === 'POST' && path === '/';
    const target = isOperation ? headers['x-amz-target']?.toString() : `${method} ${path}`;
    return operate(callOf({ target, contentType: headers['content-type'] ?? '', body }), options);
  } catch (error) {
    const what = (error as Error).message;
    // Of a client that goes away in the middle nobody need hear.
    if (!request.destroyed) world.say(`this is a fault of the emulator: ${(error as Error).stack}`);
    return json(500, { __type: 'ServerException', message: `The emulator failed: ${what}` });
  }
}

/** A page in a browser that rebinds its name to this address sends its own name. */
function isForUs({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? '');
}

// A batch of log events has 1 MiB, of which JSON may write each byte as six.
const LARGEST_BODY_BYTES = 8 * 2 ** 20;

/** Undefined for one that is too large, which is read to its end: else the client would not hear of it. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes <= LARGEST_BODY_BYTES) chunks.push(chunk as Buffer);
  }
  return bytes <= LARGEST_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

function tooLarge(): Answer {
  const errorType = 'RequestEntityTooLargeException';
  return {
    ...json(413, { __type: errorType, message: `A request has up to ${LARGEST_BODY_BYTES} bytes.` }),
    errorType,
  };
}

/** The one place where a fault of requests acts: before the operation, or after it. */
function operate(call: Call, { world, calls }: Options): Answer | 'cut' {
  let error: string | undefined = 'ServerException';
  try {
    const subjects = () => subjectsOfRequest(call.name, call.input(), world);
    const interference = world.faults.ofRequest({ operation: call.name, subjects }, world.clock.now());
    if (interference === undefined || interference.isDone) {
      const answered = call.answer(world);
      error = undefined;
      if (interference === undefined) return answered;
    }
    if (interference.answer !== 'cut') throw interference.answer;
    error = interference.isDone ? 'answer lost' : 'connection reset';
    return 'cut';
  } catch (thrown) {
    if (!(thrown instanceof AwsError)) throw thrown;
    error = thrown.type;
    return call.refuse(thrown);
  } finally {
    calls.count(call.name, error);
  }
}
