/** Opens a route to a relay through a proxy. Loaded only if a proxy is set for the relay's URL. */
import type { Socket } from 'node:net';
import type { buildConnector as Build } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { header } from '../protocol/headers.ts';
import { explainConnection } from './explain-connection.ts';
import { explainRefusal } from './explain-proxy.ts';
import type { HttpAnswer } from './http.ts';
import type { Route } from './undici-http.ts';
import type { ProxyAddress } from './proxy-address.ts';
import { connectSocket, ProxyDialer, writeLogin } from './proxy-socket.ts';

/** Statuses that a forward proxy sends by itself. A relay marks its own errors with a header. */
const proxyStatuses = [403, 407, 502, 503, 504];

function toConnector(open: (options: Build.Options) => Promise<Socket>): Build.connector {
  const run = async (options: Build.Options, callback: Build.Callback): Promise<void> => {
    let socket: Socket;
    try {
      socket = await open(options);
    } catch (error) {
      callback(error instanceof Error ? error : new Error('no connection'), null);
      return;
    }
    callback(null, socket);
  };
  return (options, callback) => void run(options, callback);
}

/** Plain HTTP: requests full URLs from the proxy, because many proxies refuse tunnels to ports other than 443. */
function openForwarding(relay: URL, proxy: ProxyAddress, dialer: ProxyDialer): Route {
  const scheme = proxy.protocol === 'https:' ? 'https' : 'http';
  const host = proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host;
  const pool = new Pool(`${scheme}://${host}:${proxy.port}`, {
    connect: toConnector(() => dialer.dial()),
  });
  return {
    dispatcher: pool,
    pathPrefix: relay.origin,
    headers: { host: relay.host, ...writeLogin(proxy) },
    through: ` through the proxy ${proxy.shown} (from ${proxy.source})`,
    check({ status, headers }: HttpAnswer) {
      if (headers[header.error] === undefined && proxyStatuses.includes(status))
        throw explainRefusal(proxy, relay.origin, status, headers['proxy-authenticate']);
    },
    close: () => pool.destroy(),
  };
}

/** TLS, if any, runs between this client and the relay: the proxy only forwards bytes. */
function openTunnelling(
  relay: URL,
  proxy: ProxyAddress,
  dialer: ProxyDialer,
  authorities: readonly string[] | undefined,
): Route {
  const isTls = relay.protocol === 'https:';
  const host = relay.hostname.replaceAll(/[[\]]/g, '');
  const port = relay.port === '' ? (isTls ? 443 : 80) : Number(relay.port);
  const startTls = buildConnector({ ...(authorities && { ca: [...authorities] }) });
  const through = ` through the proxy ${proxy.shown} (from ${proxy.source})`;
  const connect = toConnector(async (options) => {
    const socket = await dialer.dialThrough({ host, port });
    if (!isTls) return socket;
    try {
      return await connectSocket(startTls, { ...options, httpSocket: socket });
    } catch (error) {
      socket.destroy();
      // Convert the error here: undici would keep retrying after some of Node's own errors.
      const peer = { name: relay.origin + through, host, port, source: '--url or REMOTIFY_URL' };
      throw explainConnection(error, peer);
    }
  });
  const pool = new Pool(relay.origin, { connect });
  return {
    dispatcher: pool,
    pathPrefix: '',
    headers: {},
    through,
    check: () => undefined,
    close: () => {
      dialer.close();
      return pool.destroy();
    },
  };
}

export function openProxyRoute(
  url: string,
  proxy: ProxyAddress,
  authorities: readonly string[] | undefined,
): Route {
  const relay = new URL(url);
  const dialer = new ProxyDialer(proxy, relay.hostname.replaceAll(/[[\]]/g, ''), authorities);
  return relay.protocol === 'http:' && !proxy.protocol.startsWith('socks')
    ? openForwarding(relay, proxy, dialer)
    : openTunnelling(relay, proxy, dialer, authorities);
}
