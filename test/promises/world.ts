/** One session on a real relay, with its clients and listeners. */
import assert from 'node:assert/strict';
import { type CommandState, isEnded } from '../../src/protocol/command-states.ts';
import { type CommandView, parseCommandList } from '../../src/protocol/command-view.ts';
import { Ledger, outputOf } from './ledger.ts';
import { RunnerActor } from './runner-actor.ts';
import { SlotActor } from './slot-actor.ts';
import type { Answer, Call, Luck, Wire } from './wire.ts';

export const crews = {
  everybody: { runners: ['auto', 'supervised'], slot: true },
  auto: { runners: ['auto'], slot: false },
  supervised: { runners: ['supervised'], slot: false },
  slot: { runners: [], slot: true },
} as const;
export type Crew = keyof typeof crews;

/** Sends a request of a client or a listener, with the session key or the listener key, and with a fate. */
export type Send = (call: Omit<Call, 'key'>, luck: Luck) => Promise<Answer | undefined>;

const arrives: Luck = { fate: 'arrives', turns: 0 };

export class World {
  readonly ledger = new Ledger();
  readonly runners: readonly RunnerActor[];
  readonly slot: SlotActor | undefined;
  readonly wire: Wire;
  readonly #key: string;
  readonly #listenerKey: string;

  private constructor(wire: Wire, key: string, listenerKey: string, crew: Crew) {
    this.wire = wire;
    this.#key = key;
    this.#listenerKey = listenerKey;
    const { runners, slot } = crews[crew];
    this.runners = runners.map((mode) => new RunnerActor(this, mode));
    this.slot = slot ? new SlotActor(this) : undefined;
  }

  static async open(wire: Wire, crew: Crew): Promise<World> {
    const { status, text } = await wire.ask({ method: 'POST', path: '/api/session', key: '' });
    assert.equal(status, 201, text);
    const { key, listener_key: listenerKey } = JSON.parse(text) as { key: string; listener_key: string };
    return new World(wire, key, listenerKey, crew);
  }

  readonly asClient: Send = ({ path, ...rest }, luck) =>
    this.wire.send({ ...rest, path: `/api/session/self${path}`, key: this.#key }, luck);

  readonly asListener: Send = ({ path, ...rest }, luck) =>
    this.wire.send({ ...rest, path: `/api/session/self${path}`, key: this.#listenerKey }, luck);

  readonly onSlot = (slot: 'cmd' | 'result', call: Omit<Call, 'key' | 'path'>, luck: Luck, query = '') =>
    this.wire.send({ ...call, path: `/${slot}-${this.#key}${query}`, key: '' }, luck);

  async list(): Promise<CommandView[]> {
    const answer = await this.asClient({ method: 'GET', path: '/commands' }, arrives);
    const view = parseCommandList(JSON.parse(answer?.text ?? ''));
    assert.ok(view, 'the list of commands is invalid');
    return view;
  }

  /** Output that a reader gets must be the output of the command, or the beginning of it. */
  async readOutput(id: string): Promise<void> {
    const { ledger } = this;
    const path = `/commands/${id}/output?stdout=0&stderr=0`;
    const {
      status = 0,
      text = '',
      headers = {},
    } = (await this.asClient({ method: 'GET', path }, arrives)) ?? {};
    assert.equal(status, 200, `the output of ${id} is refused: ${text}`);
    const intent = ledger.byId(id);
    if (!intent) return;
    const own = ledger.executions.has(intent.word) ? outputOf(intent.word) : '';
    assert.ok(own.startsWith(text), `the output of ${id} is ${JSON.stringify(text)}`);
    const isOver = isEnded(String(headers['remotify-state']) as CommandState);
    assert.equal(headers['remotify-complete'], String(isOver), `${id} has a wrong remotify-complete header`);
    if (!ledger.finished.has(id)) return;
    assert.equal(text, own, `the output of ${id} was acknowledged`);
  }

  /** All listeners leave, a last one runs the remaining commands, and the ledger checks the end state. */
  async settle(): Promise<void> {
    for (const runner of this.runners) await runner.leaveForGood();
    const closer = new RunnerActor(this, 'auto', 'closer');
    await closer.workOff();
    this.ledger.observe(await this.list());
    this.ledger.settle();
    for (const { id } of this.ledger.view) await this.readOutput(id);
  }
}
