/** Two clients: one pushes through the commands resource, the other through the slot. */
import assert from 'node:assert/strict';
import { isEnded } from '../../src/protocol/command-states.ts';
import { maxQueuedCommands, pastKeyMs } from '../../src/protocol/limits.ts';
import type { NewCommand } from '../../src/session/command.ts';
import type { SmallRelay } from './small-relay.ts';

function describe(
  origin: 'slot' | 'commands',
  text: string,
  key: string | null,
  queueSeconds: number | null,
) {
  const digest = `digest of ${text}`;
  const bytes = Buffer.from(text);
  const given: NewCommand = {
    origin,
    scriptBytes: bytes.byteLength,
    digest,
    idempotencyKey: key,
    pushedBy: null,
    merge: false,
    stdin: 'none',
    timeoutSeconds: 0,
    queueSeconds,
  };
  return { given, bytes };
}

export class ClientModel {
  readonly #relay: SmallRelay;
  readonly #ids: string[] = [];

  constructor(relay: SmallRelay) {
    this.#relay = relay;
  }

  push(key: string | null, text: string, queueSeconds: number): void {
    const { api, ledger, now } = this.#relay;
    const { given, bytes } = describe('commands', text, key, queueSeconds);
    const known = key === null ? undefined : ledger.byKey.get(key);
    // After that time the session may forget the key, but does not have to.
    const isYoung = known !== undefined && now - known.pushedAt < pastKeyMs;
    const waiting = this.#relay.session.commands.filter(({ state }) => state === 'queued').length;
    const reply = this.#relay.apply({
      cause: { verb: 'push' },
      transition: (session, at) => api.pushCommand(session, given, bytes, at),
    });
    if (this.#relay.gone) return;
    const isListed = known !== undefined && this.#relay.find(known.id) !== undefined;
    const remembered = known && (isListed || isYoung) ? known : undefined;
    if (remembered && remembered.text !== text) {
      assert.ok(!reply.ok && reply.code === 'key_reused', `${key} names two commands`);
      return;
    }
    if (!reply.ok) {
      if (known && reply.code === 'key_reused' && known.text !== text) return;
      assert.ok(
        reply.code === 'queue_full' && waiting >= maxQueuedCommands,
        `a push is refused: ${reply.code}`,
      );
      return;
    }
    const { id } = reply.result;
    if (remembered || id === known?.id) {
      assert.equal(id, known?.id, `${key} is pushed twice and becomes two commands`);
      return;
    }
    assert.equal(ledger.expiries.get(id), undefined, `the push of another command is answered with ${id}`);
    ledger.expiries.set(id, now + queueSeconds * 1000);
    if (key !== null) ledger.byKey.set(key, { id, text, pushedAt: now });
    this.#remember(id);
  }

  pushToSlot(times: number): void {
    const { api } = this.#relay;
    for (let time = 0; time < times; time += 1) {
      this.#relay.now += 1;
      const { given, bytes } = describe('slot', `slot ${this.#ids.length}`, null, null);
      const reply = this.#relay.apply({
        cause: { verb: 'pushToSlot' },
        transition: (session, at) => api.pushToSlot(session, given, bytes, at),
      });
      if (!reply.ok) return;
      assert.equal(this.#relay.session.slotResult, null, 'a push to the slot leaves an old result in it');
      this.#remember(reply.result.id);
    }
    const waiting = this.#relay.session.commands.filter((c) => c.origin === 'slot' && c.state === 'queued');
    assert.ok(waiting.length <= 1, 'a push to the slot leaves an earlier slot command queued');
  }

  /** An acknowledged command must be in the session, queued. */
  #remember(id: string): void {
    assert.equal(this.#relay.find(id)?.state, 'queued', `${id} was acknowledged and is not in the session`);
    this.#ids.push(id);
  }

  cancel(index: number): void {
    const { api, ledger } = this.#relay;
    // The first of the queue, then the newest; most of the others have ended.
    const open = this.#relay.session.commands
      .filter(({ state }) => !isEnded(state))
      .map(({ id: own }) => own);
    const id = [...open.slice(0, 2), ...this.#ids.slice(-2)][index];
    if (id === undefined) return;
    const signal = (['TERM', 'INT', 'KILL', 'INT'] as const)[index] ?? 'TERM';
    const reply = this.#relay.apply({
      cause: { verb: 'cancel', id },
      transition: (session, now) => api.cancelCommand(session, id, signal, now),
    });
    if (!reply.ok) return;
    const { outcome, command } = reply.result;
    const expected = { cancelled: 'cancelled', signalled: 'running', running: 'running' } as const;
    if (outcome !== 'ended') assert.equal(command.state, expected[outcome], `${id} is ${outcome}`);
    // Started or not before: it must not start from now on.
    ledger.over.set(id, `cancelled (${outcome})`);
  }

  reset(): void {
    const { api } = this.#relay;
    this.#relay.apply({ cause: { verb: 'reset' }, transition: api.resetSession });
    const open = ['queued', 'awaiting_approval', 'running'];
    const left = this.#relay.session.commands.filter(({ state }) => open.includes(state));
    assert.deepEqual(this.#relay.gone ? [] : left, [], 'a reset leaves open commands');
  }

  drop(): void {
    const { api } = this.#relay;
    this.#relay.apply({ cause: { verb: 'drop' }, transition: api.dropFromSlot });
    const waits = ['queued', 'awaiting_approval'];
    const left = this.#relay.session.commands.filter((c) => c.origin === 'slot' && waits.includes(c.state));
    assert.deepEqual(this.#relay.gone ? [] : left, [], 'DELETE /cmd leaves waiting slot commands');
  }
}
