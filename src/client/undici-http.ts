/** The one place that knows undici. By deep import: the whole of it costs an `exec` 80 ms to load. */
import { setImmediate } from 'node:timers/promises';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Dispatcher } from 'undici';
import { defaultMaxBodyBytes, maxInflation } from '../protocol/limits.ts';
import type { Http, HttpAnswer } from './http.ts';
import { RelayError } from './relay-error.ts';

/** To the relay or to a proxy; and for the TLS of the relay behind one. */
export const connectTimeoutMs = 10_000;

/** A whole result of the slots, and the lines that a relay appends to it. More than that is no answer of a relay. */
const maxAnswerBytes = defaultMaxBodyBytes * maxInflation + 1024 * 1024;

/** A way to a relay: by itself, or through a proxy. */
export interface Route {
  /** What sends the requests. */
  readonly dispatcher: Dispatcher;
  /** Stands before each path: a proxy for plain HTTP is asked for whole URLs. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Follows the address of the relay in messages. */
  readonly through: string;
  /** Throws a RelayError for an answer that is the proxy's own. */
  check(answer: HttpAnswer): void;
  close(): Promise<void>;
}

/** Without a limit of connections: a cancel must not wait behind a long poll. `authorities`: PEM texts; undefined for those of Node. */
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
      // The one list whose later entries count: the kinds of login that a proxy offers.
      return [name, name === 'proxy-authenticate' ? value.join(', ') : value[0]];
    }),
  );
}

/** undici hears of an abort only once it has a connection: through a proxy that may take long. */
function orAborted<T>(sent: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new Error('aborted'));
  });
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([sent, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}

/** `baseUrl`: http or https, a path is kept as a prefix, credentials and query are not. Throws a TypeError on anything else. */
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
        // undici takes a connection for free only then: the next request would open another one.
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
