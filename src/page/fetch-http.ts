/** Requests of the page, by fetch(). The key goes in a header: no URL that is sent holds it. */
import { concat } from '../client/concat.ts';
import type { Http, HttpAnswer, HttpRequest } from '../client/http.ts';
import { RelayError } from '../client/relay-error.ts';
import { header } from '../protocol/headers.ts';
import { noteRelayTime } from './relay-clock.ts';
import type { TabGate } from './tab-gate.ts';

/** A timer that begins again with each byte that comes. */
class Silence {
  readonly #ms: number;
  readonly #onOver: () => void;
  #timer: number | undefined;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
    this.restart();
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onOver, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

async function readAll(response: Response, onBytes: () => void): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return concat(pieces);
    pieces.push(part.value);
    onBytes();
  }
}

async function sendOnce(url: string, request: HttpRequest, leave: AbortController): Promise<HttpAnswer> {
  const { method, headers, body, timeoutMs } = request;
  const silence = new Silence(timeoutMs, () => leave.abort());
  try {
    const response = await fetch(url, {
      method,
      cache: 'no-store',
      redirect: 'error',
      signal: leave.signal,
      ...(headers && { headers }),
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    });
    silence.restart();
    const bytes = await readAll(response, () => silence.restart());
    return { status: response.status, headers: Object.fromEntries(response.headers), body: bytes };
  } catch {
    throw new RelayError('unreachable', 'the relay is unreachable');
  } finally {
    silence.end();
  }
}

/** Every answer of a relay names its version. */
function checkSource({ status, headers }: HttpAnswer): void {
  if (headers[header.version] !== undefined) return;
  const message = `a proxy in front of the relay answered ${status}`;
  throw new RelayError('unreachable', message, { status });
}

/** `baseUrl`: where the relay is, without a slash at its end. The gate lets requests that only read through. */
export function openFetch(baseUrl: string, gate: TabGate): Http {
  const closing = new AbortController();
  return {
    baseUrl,
    async send(request) {
      const isReading = request.method === 'GET';
      for (;;) {
        const over = request.signal ? AbortSignal.any([request.signal, closing.signal]) : closing.signal;
        if (isReading) await gate.untilOpen(over);
        over.throwIfAborted();
        const leave = new AbortController();
        const drop = (): void => leave.abort();
        over.addEventListener('abort', drop);
        const letGo = isReading ? gate.onClose(drop) : undefined;
        try {
          const answer = await sendOnce(baseUrl + request.path, request, leave);
          checkSource(answer);
          noteRelayTime(answer.headers['date']);
          return answer;
        } catch (error) {
          over.throwIfAborted();
          if (isReading && !gate.isOpen) continue;
          throw error;
        } finally {
          over.removeEventListener('abort', drop);
          letGo?.();
        }
      }
    },
    async close() {
      closing.abort(new Error('the connections to the relay are closed'));
    },
  };
}
