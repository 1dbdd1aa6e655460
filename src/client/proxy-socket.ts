/** Connects to a proxy, and through it to the relay: CONNECT for HTTP proxies, RFC 1928 for SOCKS. */
import { request as requestHttp } from 'node:http';
import type { Socket } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';
import { explainConnection } from './explain-connection.ts';
import { explainRefusal, hintDirect } from './explain-proxy.ts';
import type { ProxyAddress, Target } from './proxy-address.ts';
import { connectTimeoutMs } from './undici-http.ts';

/** How long the proxy may take to reach the relay. */
const tunnelTimeoutMs = 30_000;

type Connector = ReturnType<typeof buildConnector>;
type ConnectOptions = Parameters<Connector>[0];

/** undici's connector as a promise. */
export function connectSocket(connector: Connector, options: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connector(options, (error, socket) => {
      if (socket) resolve(socket);
      else reject(error ?? new Error('no socket'));
    });
  });
}

function writeHost({ host, port }: Target): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function writeLogin({ user, password }: ProxyAddress): Record<string, string> {
  if (user === undefined) return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** Opens connections to one proxy. Rejects with a RelayError that names the proxy. */
export class ProxyDialer {
  readonly #proxy: ProxyAddress;
  readonly #connector: Connector;
  readonly #hint: string;
  readonly #unfinished = new Set<Socket>();

  /** `relayHost`: for the hint. */
  constructor(proxy: ProxyAddress, relayHost: string, authorities: readonly string[] | undefined) {
    this.#proxy = proxy;
    this.#hint = `check ${proxy.source}, and that the proxy runs; ${hintDirect(proxy, relayHost)}`;
    this.#connector = buildConnector({
      timeout: connectTimeoutMs,
      ...(authorities && { ca: [...authorities] }),
    });
  }

  async dial(): Promise<Socket> {
    const { host, port, protocol, shown, source } = this.#proxy;
    const options = {
      hostname: host,
      host: writeHost({ host, port }),
      protocol: protocol === 'https:' ? 'https:' : 'http:',
      port: String(port),
    };
    try {
      return await connectSocket(this.#connector, options);
    } catch (error) {
      const peer = { name: `the proxy ${shown} (from ${source})`, host, port, source };
      throw explainConnection(error, peer, this.#hint);
    }
  }

  /** Connects to the relay through the proxy. TLS, if any, is up to the caller. */
  async dialThrough(target: Target): Promise<Socket> {
    const socket = await this.dial();
    this.#unfinished.add(socket);
    try {
      if (!this.#proxy.protocol.startsWith('socks')) return await this.#openTunnel(socket, target);
      const { openSocksTunnel } = await import('./socks-tunnel.ts');
      return await openSocksTunnel(socket, this.#proxy, target, connectTimeoutMs);
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    } finally {
      this.#unfinished.delete(socket);
    }
  }

  #openTunnel(socket: Socket, target: Target): Promise<Socket> {
    const proxy = this.#proxy;
    const place = writeHost(target);
    return new Promise((resolve, reject) => {
      const asking = requestHttp({
        createConnection: () => socket,
        method: 'CONNECT',
        path: place,
        headers: { host: place, ...writeLogin(proxy) },
        timeout: tunnelTimeoutMs,
      });
      asking.once('timeout', () => {
        asking.destroy(Object.assign(new Error('timeout'), { code: 'UND_ERR_HEADERS_TIMEOUT' }));
      });
      asking.once('error', (error) => {
        const { host, port, shown, source } = proxy;
        const peer = { name: `${place} through the proxy ${shown} (from ${source})`, host, port, source };
        reject(explainConnection(error, peer, this.#hint));
      });
      asking.once('connect', ({ statusCode = 0, headers }, tunnel: Socket, head: Buffer) => {
        tunnel.setTimeout(0);
        if (statusCode < 200 || statusCode > 299)
          return reject(
            explainRefusal(proxy, place, statusCode, String(headers['proxy-authenticate'] ?? '')),
          );
        if (head.byteLength > 0) tunnel.unshift(head);
        resolve(tunnel);
      });
      asking.end();
    });
  }

  /** Closes the sockets whose tunnel is not open yet. */
  close(): void {
    for (const socket of this.#unfinished) socket.destroy();
  }
}
