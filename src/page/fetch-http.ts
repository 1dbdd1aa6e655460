/** Sends the page's requests with fetch(). The session key is in a header, never in a URL that is sent. */
import { concat } from '../client/concat.ts';
import type { HttpAnswer, HttpRequest, HttpSender } from '../client/http.ts';
import { RelayError } from '../client/relay-error.ts';
import { header } from '../protocol/headers.ts';
import { withPlace } from './held-places.ts';
import type { TabGate } from './tab-gate.ts';

async function sendOnce(url: string, request: HttpRequest, leave: AbortController): Promise<HttpAnswer> {
  const { method, headers, body, timeoutMs } = request;
  let timer: number | undefined;
  // The timeout restarts with each chunk that arrives.
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
      signal: AbortSignal.any([leave.signal, request.signal ?? leave.signal]),
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

/** If too many requests are held already, sends a long poll without `wait`: the caller polls again after a moment. */
function sendWithPlace(url: URL, request: HttpRequest, leave: AbortController): Promise<HttpAnswer> {
  if (!url.searchParams.has('wait')) return sendOnce(url.href, request, leave);
  return withPlace((isHeld) => {
    if (!isHeld) url.searchParams.delete('wait');
    return sendOnce(url.href, request, leave);
  });
}

/** Every response of a relay has a version header: one without it comes from a proxy. */
function checkSource({ status, headers }: HttpAnswer): void {
  // The caller can act on these two: send a smaller body (413), or use another address (426).
  if (headers[header.version] !== undefined || status === 413 || status === 426) return;
  const message = `a proxy in front of the relay answered ${status}`;
  throw new RelayError('unreachable', message, { status });
}

/** `baseUrl`: URL of the relay, without a trailing slash. Requests that only read wait until the gate is open. */
export function openFetch(baseUrl: string, gate: TabGate): HttpSender {
  return {
    baseUrl,
    async send(request) {
      const url = new URL(baseUrl + request.path);
      // A download request has `limit` and no `wait`: it continues while the tab is hidden.
      const isDownload = url.searchParams.has('limit') && !url.searchParams.has('wait');
      const isReading = request.method === 'GET' && !isDownload;
      const { signal = new AbortController().signal } = request;
      for (;;) {
        if (isReading) await gate.untilOpen(signal);
        signal.throwIfAborted();
        const leave = new AbortController();
        if (isReading) gate.onClose(() => leave.abort(), leave.signal);
        try {
          const answer = await sendWithPlace(new URL(url), request, leave);
          checkSource(answer);
          return answer;
        } catch (error) {
          signal.throwIfAborted();
          if (isReading && !gate.isOpen) continue;
          throw error;
        } finally {
          // Remove the gate listener of this request.
          leave.abort();
        }
      }
    },
  };
}
