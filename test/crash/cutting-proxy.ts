import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Whether to let go on what has come so far: requests on their way to the service, and answers on their way back. `target`: the operation, where a header names it. */
export type Gate = (kind: 'request' | 'response', target: string) => boolean;

/** Stands between a client and a service, and passes on whatever the gate lets through, with the headers of answers changed. */
export async function cuttingProxy(
  service: string,
  gate: Gate,
  changed = (headers: IncomingHttpHeaders) => headers,
): Promise<{ url: string; close(): void }> {
  const { hostname, port } = new URL(service);
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    const target = String(incoming.headers['x-amz-target']);
    incoming.on('end', () => {
      if (!gate('request', target)) return outgoing.destroy();
      const headers = { ...incoming.headers, host: `${hostname}:${port}` };
      const options = { hostname, port, path: incoming.url, method: incoming.method, headers };
      const forwarded = httpRequest(options, (answer) => {
        if (!gate('response', target)) return outgoing.destroy();
        outgoing.writeHead(answer.statusCode ?? 500, changed(answer.headers));
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      forwarded.end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
