/** Sends requests to a relay with undici. Deep imports, because loading all of undici costs an `exec` 80 ms. */
import { setImmediate } from 'node:timers/promises';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Dispatcher } from 'undici';
import { defaultMaxBodyBytes, maxInflation } from '../protocol/limits.ts';
import type { Http, HttpAnswer } from './http.ts';
import { RelayError } from './relay-error.ts';

/** For a connection to the relay or to a proxy, and for the TLS handshake with a relay behind a proxy. */
export const connectTimeoutMs = 10_000;

/** The largest slot result, and the lines that a relay appends to it. No relay sends a larger answer. */
const maxAnswerBytes = defaultMaxBodyBytes * maxInflation + 1024 * 1024;

/** A route to a relay: direct, or through a proxy. */
export interface Route {
  /** The undici dispatcher that sends the requests. */
  readonly dispatcher: Dispatcher;
  /** Prepended to each path: a proxy for plain HTTP expects full URLs. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Appended to the address of the relay in messages. */
  readonly through: string;
  /** Throws a RelayError for an answer that the proxy itself sent. */
  check(answer: HttpAnswer): void;
  close(): Promise<void>;
}

/**
 * Does not limit the number of connections, because a cancel must not wait behind a long poll. `authorities`: PEM texts; undefined for
 * Node's own.
 */
export function openDirectRoute(origin: string, authorities?: readonly string[]): Route {
  const tls = authorities === undefined ? {} : { ca: [...authorities] };
  const pool = new Pool(origin, { connect: { timeout: connectTimeoutMs, ...tls } });
  return {
    dispatcher: pool,
    pathPrefix: '',
    headers: {},
    through: '',
    check: () => undefined,
    close: () => pool.destroy(),
  };
}

async function explain(error: unknown, origin: string, through: string): Promise<unknown> {
  if (error instanceof RelayError) return error;
  const { hostname, port, protocol } = new URL(origin);
  const host = hostname.replaceAll(/[[\]]/g, '');
  const usedPort = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  const { explainConnection } = await import('./explain-connection.ts');
  const source = '--url or REMOTIFY_URL';
  return explainConnection(error, { name: origin + through, host, port: usedPort, source });
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.byteLength;
    if (total > maxAnswerBytes)
      throw Object.assign(new Error('answer too large'), { code: 'REMOTIFY_ANSWER_TOO_LARGE' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function flatten(headers: Record<string, string | string[] | undefined>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!Array.isArray(value)) return [name, value];
      // The only header whose later values matter: the login methods that a proxy offers.
      return [name, name === 'proxy-authenticate' ? value.join(', ') : value[0]];
    }),
  );
}

/** undici notices an abort only once it has a connection, which may take long through a proxy. */
function orAborted<T>(sent: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new Error('aborted'));
  });
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([sent, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}

/** `baseUrl`: http or https, else throws a TypeError. Its path becomes a prefix; credentials and query are dropped. */
export function openHttp(baseUrl: string, given?: Route): Http {
  const { protocol, origin, pathname } = new URL(baseUrl);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError('neither http nor https');
  const prefix = pathname.replace(/\/+$/, '');
  const route = given ?? openDirectRoute(origin);
  let isClosed = false;
  return {
    baseUrl: origin + prefix,
    async send({ method, path, headers = {}, body, timeoutMs, signal }) {
      try {
        const sent = request.call(route.dispatcher, {
          method,
          path: route.pathPrefix + prefix + path,
          headers: { ...headers, ...route.headers },
          body: body ?? null,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          ...(signal && { signal }),
        });
        const answer = await (signal ? orAborted(sent, signal) : sent);
        const whole = {
          status: answer.statusCode,
          headers: flatten(answer.headers),
          body: await readAll(answer.body),
        };
        // undici marks the connection as free only after this: without it, the next request would open another one.
        await setImmediate();
        route.check(whole);
        return whole;
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (isClosed) throw new Error('the connections to the relay are closed');
        throw await explain(error, origin, route.through);
      }
    },
    close() {
      isClosed = true;
      return route.close();
    },
  };
}
