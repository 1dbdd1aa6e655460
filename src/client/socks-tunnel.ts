/** Opens a tunnel to a relay through a SOCKS5 proxy. */
import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { Socks5Client } from 'undici/lib/core/socks5-client.js';
import { explainConnection } from './explain-connection.ts';
import { hintDirect } from './explain-proxy.ts';
import type { ProxyAddress, Target } from './proxy-address.ts';
import { RelayError } from './relay-error.ts';

/** The replies of RFC 1928, and undici's codes for a login that failed. */
const reasons: Readonly<Record<string, string>> = {
  REPLY_1: 'it failed',
  REPLY_2: 'it does not allow this address',
  REPLY_3: 'the network of this address cannot be reached from it',
  REPLY_4: 'this address cannot be reached from it',
  REPLY_5: 'this address refused its connection',
  REPLY_6: 'this address did not answer it in time',
  REPLY_7: 'it does not support tunnels (CONNECT)',
  REPLY_8: 'it does not support addresses of this type',
  AUTH_REJECTED: 'it requires a different login',
  AUTH_METHOD: 'it requires a login method that this client does not support',
  AUTH_FAILED: 'it refuses the user or password',
  VERSION: 'it does not speak SOCKS5',
};

function explainSocks(error: unknown, proxy: ProxyAddress, target: Target): RelayError {
  if (error instanceof RelayError) return error;
  const { host, port, shown, source } = proxy;
  const name = `${target.host}:${target.port} through the proxy ${shown} (from ${source})`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons[code.replace('UND_ERR_SOCKS5_', '')];
  const check = `check ${source}; ${hintDirect(proxy, target.host)}`;
  if (reason === undefined) return explainConnection(error, { name, host, port, source }, check);
  const login = `set its user and password: \`export ${source}=${shown.replace('//', '//USER:PASSWORD@')}\``;
  const hint = code.includes('AUTH') ? login : check;
  return new RelayError('unreachable', `cannot reach ${name}: ${reason}`, { hint });
}

/** As in curl: with `socks5:` this client resolves the host name, with `socks5h:` the proxy does. */
async function chooseAddress({ protocol }: ProxyAddress, { host }: Target): Promise<string> {
  return protocol === 'socks5h:' ? host : (await lookup(host)).address;
}

/** Resolves with the same socket once bytes on it reach the relay. */
export async function openSocksTunnel(
  socket: Socket,
  proxy: ProxyAddress,
  target: Target,
  timeoutMs: number,
): Promise<Socket> {
  try {
    const address = await chooseAddress(proxy, target);
    const login = proxy.user === undefined ? {} : { username: proxy.user, password: proxy.password };
    const client = new Socks5Client(socket, login);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(Object.assign(new Error('timeout'), { code: 'UND_ERR_HEADERS_TIMEOUT' })),
        timeoutMs,
      );
      client.on('error', reject);
      client.once('close', () => reject(Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' })));
      client.once('authenticated', () => client.connect(address, target.port));
      client.once('connected', () => resolve());
      client.handshake();
      socket.once('close', () => clearTimeout(timer));
      client.once('connected', () => clearTimeout(timer));
    });
    socket.pause();
    return socket;
  } catch (error) {
    throw explainSocks(error, proxy, target);
  }
}
