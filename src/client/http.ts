/** The one place that knows undici. By deep import: the whole of it costs an `exec` 80 ms to load. */
import { setFlagsFromString } from 'node:v8';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { RelayError } from './relay-error.ts';

// Before Node 22 V8 optimises undici's parser at the first answer, and a process cannot end until that is done: 100 ms.
// Later versions wait longer by themselves, and would lose their code cache to a changed flag.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--wasm-tiering-budget=1000000000');

const connectTimeoutMs = 10_000;

/** A whole result of the slots: three times their wire limit. More than that is no answer of a relay. */
const maxAnswerBytes = 80 * 1024 * 1024;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base URL, query included. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** From the request to the first byte of the answer, and between any two. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** Lower-case names; of repeated ones the first. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}

export interface Http {
  readonly baseUrl: string;
  /** Throws `unreachable` when no whole answer came. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Cuts what is still open. */
  close(): Promise<void>;
}

function explain(error: unknown, origin: string): RelayError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the host name cannot be looked up',
    ECONNRESET: 'the connection broke off',
    UND_ERR_SOCKET: 'the connection broke off',
    UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
    UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
    UND_ERR_BODY_TIMEOUT: 'the answer stopped half way',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
    CERT_HAS_EXPIRED: 'its certificate has expired',
    ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
    EPROTO: 'it does not speak TLS',
    ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  };
  return new RelayError(
    'unreachable',
    `cannot reach ${origin}: ${reasons[code] ?? (code.startsWith('HPE_') ? 'it does not speak HTTP' : code || 'it does not speak HTTP')}`,
  );
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.byteLength;
    if (total > maxAnswerBytes)
      throw Object.assign(new Error('answer too large'), { code: 'too much of an answer' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function flatten(headers: Record<string, string | string[] | undefined>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

/** `baseUrl`: http or https, a path is kept as a prefix, credentials and query are not. Throws a TypeError on anything else. */
export function openHttp(baseUrl: string): Http {
  const { protocol, origin, pathname } = new URL(baseUrl);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError('neither http nor https');
  const prefix = pathname.replace(/\/+$/, '');
  // Without a limit: a cancel must not wait behind a long poll.
  const pool = new Pool(origin, { connect: { timeout: connectTimeoutMs } });
  return {
    baseUrl: origin + prefix,
    async send({ method, path, headers = {}, body, timeoutMs, signal }) {
      try {
        const answer = await request.call(pool, {
          method,
          path: prefix + path,
          headers,
          body: body ?? null,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          ...(signal && { signal }),
        });
        return {
          status: answer.statusCode,
          headers: flatten(answer.headers),
          body: await readAll(answer.body),
        };
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw explain(error, origin);
      }
    },
    close: () => pool.destroy(),
  };
}
