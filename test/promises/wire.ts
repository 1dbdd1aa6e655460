/** Sends requests to a real relay over a network that loses requests and answers. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

export type Call = {
  method: string;
  path: string;
  key: string;
  headers?: Record<string, string>;
  body?: string;
};

/**
 * What happens to a request and its answer. `twice`: sent again as soon as it was answered; `twice at once`: both are
 * in flight together; `cut`: the sender closes its connection in the middle; `killed`: the relay is killed in the
 * middle, and restarts.
 */
export const fates = [
  'arrives',
  'answer lost',
  'request lost',
  'twice',
  'twice at once',
  'cut',
  'killed',
] as const;
export type Fate = (typeof fates)[number];

/** A fate, and the turns of the event loop before `cut` or `killed` happens. */
export type Luck = { fate: Fate; turns: number };

export type RestartableRelay = {
  port: number;
  kill: () => Promise<void>;
  start: () => Promise<void>;
  /** The ports of the relays behind `port`, if that is a proxy. */
  behind?: () => readonly number[];
};

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The session key in the path of a slot. */
function keyOf(path: string): string {
  return /-([0-9a-f]{32})/.exec(path)?.[1] ?? '';
}

export class Wire {
  readonly #relay: RestartableRelay;
  #agent = new Agent({ keepAlive: true });

  constructor(relay: RestartableRelay) {
    this.#relay = relay;
  }

  /** The answer, or undefined when the connection was lost. */
  async #exchange(
    { method, path, key, headers, body = '' }: Call,
    leave?: AbortSignal,
    port = this.#relay.port,
  ) {
    const sent = request({
      host: '127.0.0.1',
      port,
      agent: leave ? false : this.#agent,
      method,
      path,
      headers: {
        authorization: `Bearer ${key}`,
        'content-length': String(Buffer.byteLength(body)),
        ...headers,
      },
      ...(leave && { signal: leave }),
    });
    sent.end(body);
    try {
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      let text = '';
      answer.setEncoding('utf8');
      for await (const chunk of answer as AsyncIterable<string>) text += chunk;
      return { status: answer.statusCode ?? 0, headers: answer.headers, text };
    } catch {
      return undefined;
    }
  }

  /** Sends the request without a failure; a relay that does not answer is an error. */
  async ask(call: Call, port?: number): Promise<Answer> {
    const answer = await this.#exchange(call, undefined, port);
    if (!answer) throw new Error(`no answer to ${call.method} ${call.path}`);
    return answer;
  }

  /** Undefined when the sender got no answer, and does not know whether the request arrived. */
  async send(call: Call, { fate, turns }: Luck): Promise<Answer | undefined> {
    switch (fate) {
      case 'request lost':
        return undefined;
      case 'arrives':
        return this.ask(call);
      case 'answer lost':
        await this.ask(call);
        return undefined;
      case 'twice':
        await this.ask(call);
        return this.ask(call);
      case 'twice at once':
        return (await Promise.all([this.ask(call), this.ask(call)]))[1];
      case 'cut': {
        const leave = new AbortController();
        const answer = this.#exchange(call, leave.signal);
        await pass(turns);
        leave.abort();
        await answer;
        await this.#settle(call.key || keyOf(call.path));
        return undefined;
      }
      case 'killed': {
        const answer = this.#exchange(call);
        await pass(turns);
        await this.restart();
        return answer;
      }
    }
  }

  /**
   * A request that was cut off may still be in a socket of the relay, which reads it within a few turns of its event
   * loop. After that, an update of an unknown command waits until the earlier updates are saved. A read would not wait.
   */
  async #settle(key: string): Promise<void> {
    const health = { method: 'GET', path: '/api/health', key: '' };
    const { port, behind = () => [port] } = this.#relay;
    for (let turn = 0; turn < 3; turn += 1) await this.ask(health);
    for (const one of behind()) {
      for (let turn = 0; turn < 3; turn += 1) await this.ask(health, one);
      await this.#updateNothing(key, one);
    }
  }

  async #updateNothing(key: string, port: number): Promise<void> {
    const path = '/api/session/self/commands/c999999999';
    const asClient = await this.ask({ method: 'DELETE', path, key }, port);
    if (asClient.status !== 403) return;
    const headers = { 'remotify-listener': 'no-listener' };
    await this.ask({ method: 'POST', path: `${path}/start`, key, headers }, port);
  }

  /** `kill -9`, then a new relay with the same store. */
  async restart(): Promise<void> {
    await this.#relay.kill();
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
    await this.#relay.start();
  }

  close(): void {
    this.#agent.destroy();
  }
}
