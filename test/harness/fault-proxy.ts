import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Message, type MessageForm, renderMessage } from './http-message.ts';
import { seed } from './seed.ts';

/** What is on its way to the relay. */
export type ProxiedRequest = {
  method: string;
  /** Path and query. */
  target: string;
  /** The last word of the path: `next`, `finish`, `output`, `commands`… */
  verb: string;
  /** Whoever names itself with Remotify-Listener is a listener. */
  side: 'client' | 'listener';
  /** Who asks for what, the same when it is asked again: the listener's id or the Idempotency-Key, and the target. */
  identity: string;
  /** 0 up to 1, drawn from the seed for this request: the n-th of its kind has the same draw in each run. */
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

/** A whole message, head and body, as it is on the wire, of which only the first bytes get through. */
type Truncated = { fault: 'truncate'; form: MessageForm; at: number };

/**
 * Instead of handing the request on: sent twice and the second answer given · never answered · later · cut off · the first bytes
 * of it sent, and the asker cut off.
 */
export type RequestFault =
  | { fault: 'duplicate' }
  | { fault: 'black-hole' }
  | { fault: 'delay'; ms: number }
  | { fault: 'reset' }
  | Truncated
  | Canned;

/**
 * What becomes of the answer of a relay that has done what it was asked: lost without a byte · cut after N bytes of its body, the
 * length still promised (`cut`) or made to fit (`short`) · cut after N bytes of its head and body · another body under its own head · something else in its place.
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
  /** The relay; also one that is started after the proxy, which it must know by name. */
  aim: (relay: { port: number }) => void;
  /** From now on. Without rules everything passes. */
  setRules: (rules: FaultRules) => void;
  /** How many requests of a kind wait for the relay's answer. */
  held: (verb: string) => number;
  /** Ends all that wait, on both sides, without an answer. */
  cutHeld: () => void;
  /** How often it did what. */
  counts: Readonly<Record<string, number>>;
  /** For a test that failed: how to run it again, and what was done. */
  report: () => string;
  stop: () => Promise<void>;
};

/** A number from 0 up to 1 for each text. */
export function drawFrom(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Loopback, a port of its own choosing. The Host header and everything else passes as it came. */
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

  /** To the relay and back; ends with the asker, so that the relay sees who leaves. */
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

  /** The relay sees a request that ends too soon, whatever it makes of it. */
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
    // What was written goes out, and then the connection ends.
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
    // No relay, no answer: the asker sees a connection that ends.
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
