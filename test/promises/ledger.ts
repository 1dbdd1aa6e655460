/** Records what clients and listeners know: what ran, and what the relay promised. Throws on every contradiction. */
import assert from 'node:assert/strict';
import { isEnded } from '../../src/protocol/command-states.ts';
import type { CommandView } from '../../src/protocol/command-view.ts';

/** A command that a client wants to run once. Its text has a unique word. */
export type Intent = {
  word: string;
  origin: CommandView['origin'];
  key: string | null;
  /** Known once an answer or the command list of the relay named it. */
  id?: string;
  acknowledged: boolean;
};

export type Finish = { exitStatus: number; output: string };

export const outputOf = (word: string): string => `out of ${word}\n`;

/** 7 means that the command timed out. */
export const exitStatusOf = (id: string): number => Number(id.slice(1)) % 11;

export class Ledger {
  readonly intents: Intent[] = [];
  readonly executions = new Map<string, string>();
  /** Commands that must not start any more, and why. */
  readonly over = new Map<string, string>();
  /** Commands that a request may have cancelled. */
  readonly mayBeWithdrawn = new Set<string>();
  readonly mayBeDeclined = new Set<string>();
  /** Results that the relay acknowledged. */
  readonly finished = new Map<string, Finish>();
  view: CommandView[] = [];

  intend(origin: Intent['origin'], key: string | null): Intent {
    const intent: Intent = { word: `word-${this.intents.length + 1}.`, origin, key, acknowledged: false };
    this.intents.push(intent);
    return intent;
  }

  byId(id: string): Intent | undefined {
    return this.intents.find((intent) => intent.id === id);
  }

  name(intent: Intent, id: string): void {
    intent.id ??= id;
    assert.equal(intent.id, id, `${intent.word} became two commands`);
    const others = this.intents.filter((other) => other.id === id);
    assert.equal(others.length, 1, `${id} names two commands`);
  }

  /** A listener starts to run the bytes of a command. */
  execute(id: string, script: string, by: string): string {
    const words = script.match(/word-\d+\./g) ?? [];
    const intent = this.intents.find(({ word }) => word === words[0]);
    assert.ok(intent && words.length === 1, `${id} carries ${JSON.stringify(script)}`);
    assert.equal(this.executions.get(intent.word), undefined, `${intent.word} starts twice, now at ${by}`);
    this.name(intent, id);
    assert.equal(this.over.get(id), undefined, `${id} runs although it ended before it started`);
    this.executions.set(intent.word, by);
    return intent.word;
  }

  isExecuted(id: string): boolean {
    const intent = this.byId(id);
    return intent !== undefined && this.executions.has(intent.word);
  }

  /** The command list of the relay, between two events. */
  observe(view: CommandView[]): void {
    const known = new Map(this.view.map((command) => [command.id, command]));
    for (const command of view) this.#compare(known.get(command.id), command);
    const listed = new Set(view.map(({ id }) => id));
    for (const { id, state } of this.view) assert.ok(listed.has(id) || isEnded(state), `${id} is forgotten`);
    for (const { id = '', acknowledged, word } of this.intents) {
      // A run is too short for the relay to forget a command.
      assert.ok(!acknowledged || id === '' || listed.has(id), `${word} was acknowledged and is not listed`);
    }
    this.view = view;
  }

  #compare(before: CommandView | undefined, after: CommandView): void {
    const { id, state } = after;
    const turnsOut = before?.state === 'lost' && (state === 'finished' || state === 'timed_out');
    if (before && isEnded(before.state) && !turnsOut)
      assert.equal(state, before.state, `${id} was ${before.state}`);
    if (state === 'cancelled') assert.ok(this.mayBeWithdrawn.has(id), `${id} is cancelled without a request`);
    if (state === 'declined') assert.ok(this.mayBeDeclined.has(id), `${id} is declined without a request`);
    assert.notEqual(state, 'expired', `${id} expires`);
    if (state === 'cancelled' || state === 'declined') {
      assert.ok(!this.isExecuted(id), `${id} ran, but is listed as ${state}`);
      this.over.set(id, state);
    }
    const waits = state === 'queued' || state === 'awaiting_approval';
    assert.ok(!waits || !this.isExecuted(id), `${id} runs, but is listed as ${state}`);
    const finish = this.finished.get(id);
    if (!finish) return;
    const expected = finish.exitStatus === 7 ? 'timed_out' : 'finished';
    assert.equal(state, expected, `the result of ${id} was acknowledged`);
    assert.equal(after.exit_status, finish.exitStatus, `${id} has a wrong exit status`);
    assert.equal(after.stdout_bytes, finish.output.length, `${id} has the wrong number of output bytes`);
  }

  /** After the last listener has run all remaining commands: each acknowledged command must have ended. */
  settle(): void {
    for (const { id, word, acknowledged } of this.intents) {
      if (!acknowledged || id === undefined || this.finished.has(id)) continue;
      const state = this.view.find((command) => command.id === id)?.state;
      assert.ok(state && isEnded(state), `${word} is left ${state}`);
      const ends = this.executions.has(word)
        ? ['lost', 'finished', 'timed_out']
        : ['lost', 'cancelled', 'declined'];
      assert.ok(
        ends.includes(state),
        `${word} ${this.executions.has(word) ? 'ran' : 'never ran'} and is ${state}`,
      );
    }
  }
}
