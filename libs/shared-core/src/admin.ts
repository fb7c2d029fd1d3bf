/** Plain HTTP for probes and scrapes: /livez, /readyz, /metrics (Kubernetes probes cannot do our TLS). */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health.ts';
import { portError } from './port-error.ts';

export interface AdminOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: Health;
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
}
export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws PortTaken (exit 69) */
export async function startAdmin({ host, port, health, metrics }: AdminOptions): Promise<AdminServer> {
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192, keepAliveTimeout: 5_000 },
    (request, response) => {
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') return json(response, 405, { error: 'only GET and HEAD' });
      const path = (request.url ?? '/').split('?')[0];
      if (path === '/livez') return json(response, 200, { live: true, ...health.report() });
      if (path === '/readyz')
        return json(response, health.ready ? 200 : 503, { ready: health.ready, level: health.report().level, failing: health.failing() });
      if (path === '/metrics')
        return void metrics.render().then(
          (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
          () => json(response, 500, { error: 'metrics could not be read' }),
        );
      json(response, 404, { error: 'try /livez, /readyz or /metrics' });
    },
  );
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError('admin', host, port, error)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
