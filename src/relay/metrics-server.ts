/** Serves `GET /metrics` on a separate port, for the operator of the relay only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describeCode } from '../store/error-code.ts';
import { isAllowedHost } from './public-url.ts';

/** Timeout of a request and of its response: a scrape is one small request. */
const retryForMs = 10_000;

/** More connections than any Prometheus opens at once. */
const maxConnections = 64;

export class MetricsPortUnusable extends Error {
  /** The system's error code, such as EADDRINUSE. */
  readonly code: string;
  override readonly name = 'MetricsPortUnusable';

  constructor(cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    super(`cannot serve metrics: ${describeCode(code)}`, { cause });
    this.code = code;
  }
}

export interface MetricsServer {
  /** Resolves with the URL of the metrics; throws MetricsPortUnusable. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

interface MetricsServerOptions {
  host: string;
  port: number;
  allowedHosts: readonly string[];
  render: () => Promise<string>;
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  response.writeHead(status, { ...common, ...type, ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export function createMetricsServer({
  host,
  port,
  allowedHosts,
  render,
}: MetricsServerOptions): MetricsServer {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isAllowedHost(request.headers.host ?? '', allowedHosts))
      return send(response, 421, {}, 'this host name is not allowed: allow it with --allowed-host NAME\n');
    const [path] = (request.url ?? '').split('?');
    if (path !== '/metrics') return send(response, 404, {}, 'not found: see /metrics\n');
    if (request.method !== 'GET') return send(response, 405, { allow: 'GET' }, 'method not allowed\n');
    const text = await render();
    return send(response, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, text);
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.setTimeout(retryForMs, () => response.destroy());
    // No request needs a body here: discard it, and close the connection afterwards.
    if ('content-length' in request.headers || 'transfer-encoding' in request.headers)
      response.shouldKeepAlive = false;
    response.on('finish', () => request.resume());
    answer(request, response).catch(() => response.destroy());
  };
  const server: Server = createServer(
    {
      headersTimeout: retryForMs,
      requestTimeout: retryForMs,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout: 75_000,
    },
    serve,
  );
  server.maxConnections = maxConnections;
  server.on('checkContinue', serve);
  server.on('clientError', (_error: Error, socket: Socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });

  return {
    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(new MetricsPortUnusable(error)));
        server.listen(port, host, resolve);
      });
      server.removeAllListeners('error');
      // The system could not accept a connection: the next one may succeed.
      server.on('error', () => undefined);
      const { port: bound } = server.address() as AddressInfo;
      return `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
