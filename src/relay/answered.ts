/** What is known of a request once it is over: for the access log and the metrics. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RefusalCode } from '../protocol/errors.ts';
import { shortName } from '../protocol/keys.ts';
import type { Exchange } from './exchange.ts';

export interface Answered {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly address: string;
  /** Empty for what was no HTTP. */
  readonly method: string;
  /** As the table of routes writes it, `{key}` in place of a key; empty for a path that is none of ours. */
  readonly route: string;
  /** By its short name; empty where none was opened. */
  readonly session: string;
  /** Undefined when the peer left before there was one. */
  readonly status: number | undefined;
  readonly code: RefusalCode | undefined;
  /** On the wire, heads included. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  /** Of that, how long it was held until there was something to say. */
  readonly heldMs: number;
  /** The peer left before its answer was written whole. */
  readonly isCut: boolean;
}

/** What passed a socket up to the last answer on it: the next one counts from there. */
export class WireCounter {
  readonly #passed = new WeakMap<Socket, { bytesIn: number; bytesOut: number }>();

  /** What came and went since it was last asked. */
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

/** What an answer is measured with. */
interface Watching {
  readonly wire: WireCounter;
  /** ms since 1970. */
  readonly now: () => number;
}

function statusOf(response: ServerResponse): number | undefined {
  return response.headersSent ? response.statusCode : undefined;
}

/** Calls back once, when the answer is out or the peer is gone. `socket`: asked for before it can be lost. */
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
