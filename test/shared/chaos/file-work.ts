/** A real listener whose commands append a word to a file, and clients that push them. The file shows what ran. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CommandView } from '../../../src/protocol/command-view.ts';
import { makeClient } from '../../harness/client.ts';
import { eventually } from '../../harness/deadline.ts';
import { asAuto, startListener } from '../../harness/listener.ts';
import { makeTemporaryFolder } from '../../harness/temporary-folder.ts';
import type { SplitWire } from './split-wire.ts';
import { forTest } from '../../harness/for-test.ts';

type Payload = { key: string; remote_quickstart: string };

export class FileWork {
  readonly #wire: SplitWire;
  readonly #key: string;
  readonly #file: string;
  readonly #name: string;
  /** Words whose push was answered with 201, or whose `exec` ended. */
  readonly acknowledged: string[] = [];
  /** Words whose `exec` gave up. */
  readonly given: string[] = [];
  /** Words whose end the relay reported, with state and output. */
  readonly ends = new Map<string, string>();

  private constructor(wire: SplitWire, key: string, file: string, name: string) {
    this.#wire = wire;
    this.#key = key;
    this.#file = file;
    this.#name = name;
  }

  static async open(wire: SplitWire, name: string): Promise<FileWork> {
    const folder = await forTest(makeTemporaryFolder());
    const { text } = await wire.insist({ method: 'POST', path: '/api/session', key: '' });
    const payload = JSON.parse(text) as Payload;
    await forTest(startListener(asAuto(payload.remote_quickstart)));
    return new FileWork(wire, payload.key, join(folder.path, 'ran'), name);
  }

  #script(word: string): string {
    return `echo ${word} >> ${this.#file}; echo ${word}`;
  }

  /** Pushes one command after the other, with raw requests. */
  async push(client: string, goesOn: () => boolean): Promise<void> {
    for (let nth = 1; goesOn(); nth += 1) {
      const word = `${this.#name}-${client}-${nth}`;
      const { status, text } = await this.#ask(
        'POST',
        '/commands',
        { 'idempotency-key': word },
        this.#script(word),
      );
      if (status !== 201) throw new Error(`the push of ${word} is answered ${status} ${text}`);
      this.acknowledged.push(word);
      const { id } = JSON.parse(text) as CommandView;
      this.ends.set(word, await this.#follow(id));
    }
  }

  async #follow(id: string): Promise<string> {
    for (;;) {
      const { status, headers, text } = await this.#ask(
        'GET',
        `/commands/${id}/output?stdout=0&stderr=0&wait=5`,
      );
      if (status !== 200) throw new Error(`the output of ${id} is answered ${status} ${text}`);
      if (headers['remotify-complete'] === 'true')
        return `${String(headers['remotify-state'])} ${text.trim()}`;
    }
  }

  #ask(method: string, path: string, headers: Record<string, string> = {}, body = '') {
    return this.#wire.insist({ method, path: `/api/session/self${path}`, key: this.#key, headers, body });
  }

  /** Pushes one command after the other with `remotify exec`, which retries by itself. */
  async exec(relay: { url: string }, goesOn: () => boolean): Promise<void> {
    const client = await forTest(makeClient(relay));
    const env = { REMOTIFY_KEY: this.#key };
    for (let nth = 1; goesOn(); nth += 1) {
      const word = `${this.#name}-exec-${nth}`;
      const { exitCode, text, stderr } = await client.run(['exec', this.#script(word)], {
        env,
        deadlineMs: 120_000,
      });
      // exec gave up: no relay answered its first request, or none could store the command in time. The next call
      // pushes another command. This one may have run, at most once.
      if (exitCode === 255 && /cannot reach|the store is not available/.test(stderr)) {
        this.given.push(word);
        continue;
      }
      if (exitCode !== 0) throw new Error(`exec of ${word}: ${exitCode} ${stderr}`);
      this.acknowledged.push(word);
      this.ends.set(word, `finished ${text.trim()}`);
    }
  }

  /** After all clients have ended: each acknowledged word ran once, and its output was correct. */
  async check(): Promise<void> {
    const read = async (): Promise<string[]> =>
      (await readFile(this.#file, 'utf8')).split('\n').filter((line) => line !== '');
    const ran = await eventually('every acknowledged command ran', 30_000, async () => {
      const lines = await read();
      return this.acknowledged.every((word) => lines.includes(word)) && lines;
    });
    expect(
      ran.filter((word, at) => ran.indexOf(word) !== at),
      'ran twice',
    ).toEqual([]);
    const sent = new Set([...this.acknowledged, ...this.given]);
    expect(
      ran.filter((word) => !sent.has(word)),
      'ran without a push',
    ).toEqual([]);
    for (const [word, end] of this.ends) expect(end).toBe(`finished ${word}`);
  }
}
