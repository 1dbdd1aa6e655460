/** Requests of the page, by fetch(). The key goes in a header: no URL that is sent holds it. */
import { concat } from '../client/concat.ts';
import type { HttpAnswer, HttpRequest, HttpSender } from '../client/http.ts';
import { RelayError } from '../client/relay-error.ts';
import { header } from '../protocol/headers.ts';
import { withPlace } from './held-places.ts';
import { noteRelayTime } from './relay-clock.ts';
import type { TabGate } from './tab-gate.ts';

/** The part of a query that has the relay hold the answer. Nothing follows it. */
const waiting = /[?&]wait=\d+$/;

/** So ends the query of a part of a download, which goes on while the tab is hidden. */
const downloading = /&limit=\d+$/;

async function sendOnce(url: string, request: HttpRequest, leave: AbortController): Promise<HttpAnswer> {
  const { method, headers, body, timeoutMs } = request;
  let timer: number | undefined;
  // It begins again with each byte that comes.
  const restart = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => leave.abort(), timeoutMs);
  };
  restart();
  try {
    const response = await fetch(url, {
      method,
      cache: 'no-store',
      redirect: 'error',
      signal: leave.signal,
      ...(headers && { headers }),
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    });
    const reader = response.body?.getReader();
    const pieces: Uint8Array[] = [];
    for (;;) {
      restart();
      const part = await reader?.read();
      if (!part || part.done) break;
      pieces.push(part.value);
    }
    return { status: response.status, headers: Object.fromEntries(response.headers), body: concat(pieces) };
  } catch {
    throw new RelayError('unreachable', 'the relay is unreachable');
  } finally {
    clearTimeout(timer);
  }
}

/** A request that would be held does not wait where too many are: its sender asks again after a moment. */
function sendWithPlace(url: string, request: HttpRequest, leave: AbortController): Promise<HttpAnswer> {
  const send = (isHeld: boolean): Promise<HttpAnswer> =>
    sendOnce(isHeld ? url : url.replace(waiting, ''), request, leave);
  return waiting.test(url) ? withPlace(send) : send(true);
}

/** Every answer of a relay names its version. */
function checkSource({ status, headers }: HttpAnswer): void {
  if (headers[header.version] !== undefined) return;
  const message = `a proxy in front of the relay answered ${status}`;
  throw new RelayError('unreachable', message, { status });
}

/** `baseUrl`: where the relay is, without a slash at its end. The gate lets requests that only read through. */
export function openFetch(baseUrl: string, gate: TabGate): HttpSender {
  return {
    baseUrl,
    async send(request) {
      const isReading = request.method === 'GET' && !downloading.test(request.path);
      const { signal = new AbortController().signal } = request;
      for (;;) {
        if (isReading) await gate.untilOpen(signal);
        signal.throwIfAborted();
        const leave = new AbortController();
        const done = new AbortController();
        const drop = (): void => leave.abort();
        signal.addEventListener('abort', drop, { signal: done.signal });
        if (isReading) gate.onClose(drop, done.signal);
        try {
          const answer = await sendWithPlace(baseUrl + request.path, request, leave);
          checkSource(answer);
          noteRelayTime(answer.headers['date']);
          return answer;
        } catch (error) {
          signal.throwIfAborted();
          if (isReading && !gate.isOpen) continue;
          throw error;
        } finally {
          done.abort();
        }
      }
    },
  };
}
