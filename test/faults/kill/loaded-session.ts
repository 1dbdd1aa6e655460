/** A session under load: its keys, its commands, and the checks of what the relay acknowledged for it. */
import assert from 'node:assert/strict';
import { isEnded } from '../../../src/protocol/command-states.ts';
import { type CommandView, parseCommandList } from '../../../src/protocol/command-view.ts';
import type { Stream } from '../../../src/session/session.ts';
import type { Answer, Call } from '../../promises/wire.ts';
import type { Intent } from './intent.ts';
import { Over, type PatientWire } from './patient-wire.ts';
import type { Tally } from './tally.ts';

export type Request = Omit<Call, 'key'>;
type Send = (call: Call) => Promise<Answer>;

const streams: readonly Stream[] = ['stdout', 'stderr'];

export class LoadedSession {
  readonly name: string;
  readonly wire: PatientWire;
  readonly tally: Tally;
  readonly key: string;
  readonly listenerKey: string;
  readonly intents: Intent[] = [];
  /** A request to end it was sent. */
  isEnding = false;

  private constructor(name: string, wire: PatientWire, tally: Tally, answer: Answer) {
    const payload = JSON.parse(answer.text) as { key: string; listener_key: string };
    this.name = name;
    this.wire = wire;
    this.tally = tally;
    this.key = payload.key;
    this.listenerKey = payload.listener_key;
  }

  static async open(name: string, wire: PatientWire, tally: Tally): Promise<LoadedSession> {
    const answer = await wire.insist({ method: 'POST', path: '/api/session', key: '' });
    assert.equal(answer.status, 201, answer.text);
    tally.acknowledge('sessions');
    return new LoadedSession(name, wire, tally, answer);
  }

  asClient({ path, ...rest }: Request): Promise<Answer> {
    return this.wire.insist({ ...rest, path: `/api/session/self${path}`, key: this.key });
  }

  asListener({ path, ...rest }: Request): Promise<Answer> {
    return this.wire.insist({ ...rest, path: `/api/session/self${path}`, key: this.listenerKey });
  }

  /** Reports an answer that is impossible after earlier acknowledgements, and ends the caller. */
  giveUp(what: string, { status, text }: Answer): never {
    this.tally.blame('lost', `${this.name}: ${what} is answered ${status} ${text.trim()}`);
    throw new Over();
  }

  async end(): Promise<void> {
    this.isEnding = true;
    const answer = await this.asClient({ method: 'DELETE', path: '' });
    // 410: the session has already ended, and the answer to the first request was lost.
    if (answer.status !== 204 && answer.status !== 410) this.giveUp('the end', answer);
    this.tally.acknowledge('ends');
  }

  async checkEnd(send: Send): Promise<void> {
    const { status } = await send({ method: 'GET', path: '/api/session/self/status', key: this.key });
    this.tally.expect(status === 410, 'lost', `the end of ${this.name}, which answers ${status}`);
  }

  /** Checks everything that was acknowledged. `isOver`: all clients and the listener have finished. */
  async check(send: Send, isOver = false): Promise<void> {
    const answer = await send({ method: 'GET', path: '/api/session/self/commands', key: this.key });
    if (answer.status === 410 && this.isEnding) return;
    const isThere = this.tally.expect(answer.status === 200, 'lost', `the session ${this.name}`);
    if (!isThere) return;
    const views = parseCommandList(JSON.parse(answer.text)) ?? [];
    for (const intent of this.intents) {
      const view = views.find(({ id }) => id === intent.id);
      if (!this.tally.expect(view !== undefined || !intent.isPushed, 'lost', `push ${intent.word}`)) continue;
      if (!view) continue;
      this.#checkState(intent, view, isOver);
      if (intent.runs > 0) await this.#checkOutput(intent, view, send);
    }
    // Commands pushed through the slot have no Idempotency-Key.
    const known = new Set(this.intents.map(({ id }) => id));
    const strays = views.filter(({ id, origin }) => origin === 'commands' && !known.has(id)).length;
    const unnamed = this.intents.filter(({ id }) => id === undefined).length;
    this.tally.expect(strays <= unnamed, 'run twice', `${this.name} has commands that no client pushed`);
  }

  #checkState(intent: Intent, { state, ...view }: CommandView, isOver: boolean): void {
    const { word, isFinished, isStarted, isCancelled, isSignalled, runs } = intent;
    const expect = (holds: boolean, what: string): boolean => this.tally.expect(holds, 'lost', what);
    if (isFinished) expect(state === 'finished', `the result of ${word}, which is ${state}`);
    else if (isStarted) expect(state === 'running' || state === 'finished', `the start of ${word}, ${state}`);
    if (isFinished && state === 'finished')
      this.tally.expect(view.exit_status === intent.exitStatus, 'wrong', `the exit status of ${word}`);
    if (isCancelled) expect(state === 'cancelled', `the cancel of ${word}, which is ${state}`);
    if (isCancelled) this.tally.expect(runs === 0, 'wrong', `${word} ran although it was cancelled`);
    if (isSignalled) expect(view.cancel_signal === 'TERM', `the signal to ${word}`);
    if (isOver) expect(isEnded(state), `the run of ${word}, which is left ${state}`);
  }

  async #checkOutput({ word, kept, output, isFinished }: Intent, { id }: CommandView, send: Send) {
    for (const stream of streams) {
      const path = `/api/session/self/commands/${id}/output?stream=${stream}&offset=0`;
      const { text } = await send({ method: 'GET', path, key: this.key });
      const due = isFinished ? output[stream].length : kept[stream];
      this.tally.expect(text.length >= due, 'lost', `${stream} of ${word}: ${text.length} of ${due} bytes`);
      this.tally.expect(output[stream].startsWith(text), 'wrong', `${stream} of ${word}`);
    }
  }
}
