/** A client on one keep-alive connection that pushes commands and waits for their output or end. */
import { Client } from 'undici';
import type { BenchRemote } from './remote.ts';

export class PushClient {
  readonly #client: Client;
  readonly #headers: Record<string, string>;

  constructor({ relay, key }: BenchRemote) {
    this.#client = new Client(relay.url);
    this.#headers = { authorization: `Bearer ${key}` };
  }

  async #ask(method: 'GET' | 'POST', path: string, sent?: string): Promise<string> {
    const { statusCode, body } = await this.#client.request({
      method,
      path: `/api/session/self${path}`,
      headers: this.#headers,
      ...(sent !== undefined && { body: sent }),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`request ${path.split('?')[0]} failed: ${statusCode} ${text}`);
    return text;
  }

  async push(script: string): Promise<string> {
    return (JSON.parse(await this.#ask('POST', '/commands', script)) as { id: string }).id;
  }

  async waitForEnd(id: string): Promise<void> {
    for (;;) {
      const view = JSON.parse(await this.#ask('GET', `/commands/${id}?wait=20`)) as { state: string };
      if (view.state === 'finished') return;
      if (!['queued', 'running'].includes(view.state)) throw new Error(`the command is ${view.state}`);
    }
  }

  readOutput(id: string): Promise<string> {
    return this.#ask('GET', `/commands/${id}/output?stdout=0&stderr=0`);
  }

  async waitForByte(id: string): Promise<void> {
    while ((await this.#ask('GET', `/commands/${id}/output?stdout=0&stderr=0&wait=20`)) === '');
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }
}
