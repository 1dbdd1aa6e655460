/** A legacy listener, which runs commands, and a client that reads results: both use only the slots. */
import assert from 'node:assert/strict';
import { exitStatusOf, outputOf } from './ledger.ts';
import type { Luck } from './wire.ts';
import type { World } from './world.ts';

export class SlotActor {
  readonly #world: World;
  #running: { id: string; word: string } | undefined;
  readonly #strays = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  goOn(luck: Luck): Promise<void> {
    return this.#running ? this.post(luck) : this.poll(luck);
  }

  /** `GET /cmd`. The id of the command comes from the list: the slot has only one running command. */
  async poll(luck: Luck): Promise<void> {
    const { ledger } = this.#world;
    this.#running = undefined;
    const answer = await this.#world.onSlot('cmd', { method: 'GET' }, luck, '?nowait=1');
    if (answer?.status !== 200)
      return assert.ok(!answer || answer.status === 204, `a poll is answered ${answer?.status}`);
    const running = (await this.#world.list()).filter(({ state }) => state === 'running');
    assert.equal(running.length, 1, 'the command that the slot returned is not listed as running');
    const id = running[0]?.id ?? '';
    this.#running = { id, word: ledger.execute(id, answer.text, 'slot') };
  }

  /** `POST /result`. Never repeated: without an id, the relay could not tell a repeated result from a new one. */
  async post(luck: Luck): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    const { ledger } = this.#world;
    const { id, word } = running;
    const isOurs = ledger.byId(id)?.origin === 'commands';
    // If the listener lost the command meanwhile, its result fills the slot as a result without a command.
    const { state } = (await this.#world.list()).find((command) => command.id === id) ?? {};
    if (state !== 'running') this.#strays.add(word);
    // The relay wraps a command of the resource, so that its output reports the exit status.
    const exitStatus = isOurs && exitStatusOf(id) !== 7 ? exitStatusOf(id) : 0;
    const marker = exitStatus === 0 ? '' : `[remotify: exit status ${exitStatus}]\n`;
    await this.#world.onSlot('result', { method: 'POST', body: outputOf(word) + marker }, luck);
  }

  /** `GET /result`: returns only results of slot commands, or results without a command. */
  async read(luck: Luck): Promise<void> {
    const answer = await this.#world.onSlot('result', { method: 'GET' }, luck, '?nowait=1');
    if (answer?.status !== 200) return;
    const word = /word-\d+\./.exec(answer.text)?.[0];
    const intent = this.#world.ledger.intents.find((one) => one.word === word);
    if (!intent) return assert.match(answer.text, /^\[(remotify: |declined by operator\])/);
    const isDue = intent.origin === 'slot' || this.#strays.has(intent.word);
    assert.ok(isDue, `the slot returns the output of ${intent.word}`);
    assert.ok(answer.text.startsWith(outputOf(intent.word)), `the slot returns ${answer.text}`);
  }
}
