/**
 * Types of the undici 7.30.2 files that are imported by their path, because loading all of undici costs an
 * `exec` about 80 ms. undici ships types for its index only; each module is `module.exports = x`.
 */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}

declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';
  /** Sends one request through `this`; the origin is the dispatcher's. Aborts by `options.signal`. */
  export default function request<TOpaque = null>(
    this: Dispatcher,
    options: Dispatcher.RequestOptions<TOpaque>,
  ): Promise<Dispatcher.ResponseData<TOpaque>>;
}

declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  /** Opens sockets, with TLS for `https:`; with `httpSocket`, starts TLS on that socket. */
  export default buildConnector;
}

declare module 'undici/lib/core/socks5-client.js' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';
  /** Emits `authenticated`, then, after connect(), `connected`; or `error`, or `close`. */
  export class Socks5Client extends EventEmitter {
    constructor(socket: Socket, login: { username?: string; password?: string });
    handshake(): void;
    connect(host: string, port: number): void;
  }
}
