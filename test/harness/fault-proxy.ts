import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Message, type MessageForm, renderMessage } from './http-message.ts';
import { seed } from './seed.ts';

/** A request to the relay. */
export type ProxiedRequest = {
  method: string;
  /** Path and query. */
  target: string;
  /** The last word of the path: `next`, `finish`, `output`, `commands`… */
  verb: string;
  /** `listener` if the request has the header Remotify-Listener. */
  side: 'client' | 'listener';
  /** The same for a retry: the id of the listener or the Idempotency-Key, the method and the target. */
  identity: string;
  /** A number from 0 up to 1 that depends on the seed: the n-th request of its kind has the same one in each run. */
  draw: number;
};

export type ProxiedAnswer = Message & { status: number };

type Canned = {
  fault: 'canned';
  status: number;
  type?: string;
  headers?: Record<string, string>;
  body: string | Uint8Array;
};

/** Only the first `at` bytes of the message (head and body) are sent. */
type Truncated = { fault: 'truncate'; form: MessageForm; at: number };

/**
 * Faults of a request: sent twice, and the second answer returned · never answered · delayed · connection reset · only its first bytes
 * sent, then the sender's connection closed · answered by the proxy itself.
 */
export type RequestFault =
  | { fault: 'duplicate' }
  | { fault: 'black-hole' }
  | { fault: 'delay'; ms: number }
  | { fault: 'reset' }
  | Truncated
  | Canned;

/**
 * Faults of the answer, after the relay has handled the request: no byte of it sent · truncated after N bytes of its body, with the
 * original Content-Length (`cut`) or a matching one (`short`) · another body with its own head · truncated after N bytes of head and
 * body · replaced by another answer.
 */
export type AnswerFault =
  | { fault: 'swallow' }
  | { fault: 'cut' | 'short'; at: number }
  | { fault: 'rewrite'; body: string | Uint8Array }
  | Truncated
  | Canned;

export type FaultRules = {
  onRequest?: (request: ProxiedRequest, message: Message) => RequestFault | undefined;
  onAnswer?: (request: ProxiedRequest, answer: ProxiedAnswer) => AnswerFault | undefined;
};

export type FaultProxy = {
  url: string;
  /** Sets the relay. It may be started after the proxy, because it needs the URL of the proxy. */
  aim: (relay: { port: number }) => void;
  /** Sets the rules for later requests. Without rules there are no faults. */
  setRules: (rules: FaultRules) => void;
  /** How many requests with this verb wait for the relay's answer. */
  held: (verb: string) => number;
  /** Closes both connections of all waiting requests, without an answer. */
  cutHeld: () => void;
  /** How many faults of each kind there were. */
  counts: Readonly<Record<string, number>>;
  /** For a failed test: how to replay it, and the faults so far. */
  report: () => string;
  stop: () => Promise<void>;
};

/** Maps a text to a number from 0 up to 1. */
export function drawFrom(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Starts a proxy on a free loopback port that injects faults. Without a fault, it changes nothing, not even the Host header. */
export async function startFaultProxy(): Promise<FaultProxy> {
  const counts: Record<string, number> = {};
  const seen = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  const waiting = new Map<ServerResponse, string>();
  let rules: FaultRules = {};
  let port = 0;
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };

  const describe = ({ method = '', url: target = '', headers }: IncomingMessage): ProxiedRequest => {
    const path = target.replace(/\?.*/, '');
    const side = headers['remotify-listener'] === undefined ? 'client' : 'listener';
    const kind = `${side} ${method} ${path.replaceAll(/[0-9a-f]{32}|\bc\d+\b/g, '*')}`;
    const nth = seen.get(kind) ?? 0;
    seen.set(kind, nth + 1);
    const who = String(headers['remotify-listener'] ?? headers['idempotency-key'] ?? '');
    return {
      method,
      target,
      verb: path.slice(path.lastIndexOf('/') + 1),
      side,
      identity: `${who} ${method} ${target}`,
      draw: drawFrom(`${seed} ${kind} ${nth}`),
    };
  };

  /** Forwards a request. If the sender closes its connection, closes the one to the relay too. */
  const handOn = async (
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<ProxiedAnswer> => {
    const { method, url: path, rawHeaders } = request;
    const leave = new AbortController();
    const onClose = () => leave.abort();
    response.once('close', onClose);
    try {
      const upstream = sendRequest({
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: rawHeaders,
        agent: false,
        signal: leave.signal,
      });
      upstream.end(body);
      const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
      return { status: answer.statusCode ?? 0, rawHeaders: answer.rawHeaders, body: await readAll(answer) };
    } finally {
      response.off('close', onClose);
    }
  };

  /** Sends an incomplete request to the relay, and ignores its answer. */
  const sendPart = async (request: IncomingMessage, body: Buffer, { form, at }: Truncated): Promise<void> => {
    const { method, url, rawHeaders } = request;
    const whole = renderMessage(`${method} ${url} HTTP/1.1`, { rawHeaders, body }, form);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.end(whole.subarray(0, at));
    await once(socket, 'close');
  };

  const say = (response: ServerResponse, canned: Canned): void => {
    const body = Buffer.from(canned.body);
    const type = canned.type ?? 'text/html; charset=utf-8';
    const own = { 'content-type': type, 'content-length': body.byteLength };
    response.writeHead(canned.status, { ...own, ...canned.headers }).end(body);
  };

  const giveBack = (response: ServerResponse, answer: ProxiedAnswer, fault?: AnswerFault): void => {
    if (fault?.fault === 'canned') return say(response, fault);
    if (fault?.fault === 'swallow') return void response.socket?.destroy();
    if (fault?.fault === 'truncate') {
      const whole = renderMessage(`HTTP/1.1 ${answer.status} As It Was`, answer, fault.form);
      return void response.socket?.end(whole.subarray(0, fault.at));
    }
    const own = answer.rawHeaders.flatMap((name, at) =>
      at % 2 === 0 && !/^(connection|keep-alive|transfer-encoding)$/i.test(name)
        ? [[name, answer.rawHeaders[at + 1] ?? ''] as const]
        : [],
    );
    if (!fault) {
      response.writeHead(answer.status, own.flat());
      return void response.end(answer.body);
    }
    const part = fault.fault === 'rewrite' ? Buffer.from(fault.body) : answer.body.subarray(0, fault.at);
    if (fault.fault !== 'cut') {
      const head = own.filter(([name]) => !/^content-length$/i.test(name)).flat();
      response.writeHead(answer.status, [...head, 'Content-Length', String(part.byteLength)]);
      return void response.end(part);
    }
    response.writeHead(answer.status, own.flat());
    response.flushHeaders();
    response.write(part);
    // Flushes what was written, then closes the connection.
    response.socket?.end();
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.on('error', () => {});
    response.on('error', () => {});
    const described = describe(request);
    const body = await readAll(request);
    const before = rules.onRequest?.(described, { rawHeaders: request.rawHeaders, body });
    count(before?.fault ?? 'requests');
    if (before?.fault === 'black-hole') return;
    if (before?.fault === 'reset') return void request.socket.resetAndDestroy();
    if (before?.fault === 'canned') return say(response, before);
    if (before?.fault === 'truncate') {
      await sendPart(request, body, before);
      return void request.socket.destroy();
    }
    if (before?.fault === 'delay') {
      await new Promise<void>((resolve) => {
        timers.add(setTimeout(resolve, before.ms));
        response.once('close', resolve);
      });
    }
    waiting.set(response, described.verb);
    response.once('close', () => waiting.delete(response));
    let answer = await handOn(request, body, response);
    if (before?.fault === 'duplicate') answer = await handOn(request, body, response);
    waiting.delete(response);
    const after = rules.onAnswer?.(described, answer);
    if (after) count(after.fault);
    giveBack(response, answer, after);
  };

  const server = createServer((request, response) => {
    // If the relay does not answer, close the connection.
    serve(request, response).catch(() => response.socket?.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    aim: (relay) => {
      port = relay.port;
    },
    setRules: (given) => {
      rules = given;
    },
    held: (verb) => [...waiting.values()].filter((held) => held === verb).length,
    cutHeld: () => {
      for (const response of waiting.keys()) response.socket?.destroy();
    },
    counts,
    report: () => `replay with REMOTIFY_TEST_SEED=${seed}; the proxy did ${JSON.stringify(counts)}`,
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
