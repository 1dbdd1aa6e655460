/** Measures each request and its response, for the access log and the metrics. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RefusalCode } from '../protocol/errors.ts';
import { shortName } from '../protocol/keys.ts';
import type { Exchange } from './exchange.ts';

export interface Answered {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly address: string;
  /** Empty for a malformed request. */
  readonly method: string;
  /** The path of the route, with `{key}` instead of the key; empty for an unknown path. */
  readonly route: string;
  /** The short name of the session; empty if the request had no valid key. */
  readonly session: string;
  /** Undefined if the peer disconnected before the response. */
  readonly status: number | undefined;
  readonly code: RefusalCode | undefined;
  /** Bytes on the wire, including the heads. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  /** The part of durationMs during which the relay held the request as a long poll. */
  readonly heldMs: number;
  /** The peer disconnected before the response was completely written. */
  readonly isCut: boolean;
}

/** Counts the bytes of each request and response, as the increase of the socket's totals since the previous response. */
export class WireCounter {
  readonly #passed = new WeakMap<Socket, { bytesIn: number; bytesOut: number }>();

  /** The bytes received and sent since the last call for this socket. */
  take(socket: Socket): { bytesIn: number; bytesOut: number } {
    const { bytesRead, bytesWritten } = socket;
    const passed = this.#passed.get(socket);
    if (!passed) {
      this.#passed.set(socket, { bytesIn: bytesRead, bytesOut: bytesWritten });
      return { bytesIn: bytesRead, bytesOut: bytesWritten };
    }
    const since = { bytesIn: bytesRead - passed.bytesIn, bytesOut: bytesWritten - passed.bytesOut };
    passed.bytesIn = bytesRead;
    passed.bytesOut = bytesWritten;
    return since;
  }
}

/** The counter and clock for measuring a response. */
interface Watching {
  readonly wire: WireCounter;
  /** ms since 1970. */
  readonly now: () => number;
}

function statusOf(response: ServerResponse): number | undefined {
  return response.headersSent ? response.statusCode : undefined;
}

/**
 * Calls `onAnswered` once, when the response was sent or the peer disconnected. `socket`: a parameter, since node may
 * remove it later.
 */
export function watchAnswer(
  exchange: Exchange,
  socket: Socket,
  { wire, now, onAnswered }: Watching & { onAnswered: (answered: Answered) => void },
): void {
  const { response } = exchange;
  const startedAt = performance.now();
  exchange.onEnd(() => {
    const { route, session } = exchange;
    onAnswered({
      at: now(),
      address: exchange.address,
      method: exchange.method,
      route: route?.route.path ?? '',
      session: session === '' ? '' : shortName(session),
      status: statusOf(response),
      code: exchange.refusal,
      ...wire.take(socket),
      durationMs: performance.now() - startedAt,
      heldMs: exchange.heldMs,
      isCut: !response.writableFinished,
    });
  });
}

/** A request that could not be parsed. */
export function describeMalformedRequest(status: number, socket: Socket, { wire, now }: Watching): Answered {
  const { remoteAddress: address = '' } = socket;
  const rest = {
    method: '',
    route: '',
    session: '',
    code: undefined,
    durationMs: 0,
    heldMs: 0,
    isCut: false,
  };
  return { at: now(), address: address.replace(/^::ffff:/, ''), status, ...rest, ...wire.take(socket) };
}
