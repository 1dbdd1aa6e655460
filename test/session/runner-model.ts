/** Model of a correct runner: one request at a time, and it runs nothing that the relay did not let it start. */
import assert from 'node:assert/strict';
import type { Command } from '../../src/session/command.ts';
import type { ListenerIdentity } from '../../src/session/listener.ts';
import type { Outcome, Session } from '../../src/session/session.ts';
import type { Fate, Reply, Request, SmallRelay } from './small-relay.ts';

type Doing =
  | { at: 'idle' }
  | { at: 'prompt'; id: string }
  /** The operator approved; the relay has not confirmed the start yet. */
  | { at: 'approved'; id: string }
  | { at: 'declined'; id: string }
  | { at: 'running'; id: string };

type Act<T> = (session: Session, now: number, by: string) => Outcome<T>;

export function exitStatusOf(id: string): number {
  return Number(id.slice(1)) % 256;
}

export class RunnerModel {
  readonly #relay: SmallRelay;
  readonly #mode: 'auto' | 'supervised';
  #process = 0;
  #doing: Doing = { at: 'idle' };
  /** The command that it got last, while no heartbeat has reported that yet. */
  #untold: string | undefined;

  constructor(relay: SmallRelay, mode: 'auto' | 'supervised') {
    this.#relay = relay;
    this.#mode = mode;
  }

  /** Each process has its own id. */
  get id(): string {
    return `${this.#mode}-${this.#process}`;
  }

  /** Has the id of this process, even if it arrives long after the process ended. */
  #request<T>(verb: Request<T>['cause']['verb'], id: string, act: Act<T>): Request<T> {
    const by = this.id;
    return { cause: { verb, id, by }, transition: (session, now) => act(session, now, by) };
  }

  /** The next step of an undisturbed runner. */
  goOn(fate: Fate): void {
    const next = {
      idle: 'look',
      prompt: 'approve',
      approved: 'approve',
      declined: 'decline',
      running: 'finish',
    } as const;
    this[next[this.#doing.at]](fate);
  }

  look(fate: Fate): void {
    if (this.#doing.at !== 'idle') return;
    const { api, ledger, session, now } = this.#relay;
    const identity: ListenerIdentity = {
      id: this.id,
      kind: 'runner',
      host: 'h',
      user: 'u',
      mode: this.#mode,
    };
    const before = session.listener;
    const had = this.#untold;
    const reply = this.#relay.send<Command | undefined>(
      {
        cause: { verb: 'look', by: this.id },
        transition: (given, at) => api.claimNext(given, identity, at, had),
      },
      fate,
    );
    if (fate === 'request lost') return;
    const other = before?.kind === 'runner' && before.id !== this.id ? before.id : undefined;
    const refused = reply ? !reply.ok : this.#relay.session.listener?.id !== this.id;
    if (other !== undefined && !refused) {
      assert.ok(ledger.isDead(other, now), `${this.id} is attached while ${other} is connected`);
    }
    if (reply?.ok === false && reply.code === 'listener_busy') {
      const isKept = other !== undefined && !ledger.isSurelyDead(other, now);
      assert.ok(isKept, `${this.id} is refused because of ${other}, which is disconnected or left`);
    }
    if (reply?.ok && reply.result) this.#take(reply.result);
  }

  #take(command: Command): void {
    const { id, state } = command;
    const older = this.#relay.session.commands.find(
      (other) => other.state === 'queued' && Number(other.id.slice(1)) < Number(id.slice(1)),
    );
    assert.equal(older?.id, undefined, `${id} is taken before its turn`);
    if (this.#mode === 'auto') this.#run(id);
    else {
      assert.equal(state, 'awaiting_approval', `${id} is shown as ${state}`);
      this.#doing = { at: 'prompt', id };
    }
  }

  #run(id: string): void {
    this.#relay.ledger.execute(id, this.id, this.#relay.session);
    this.#doing = { at: 'running', id };
    this.#untold = id;
  }

  /** The heartbeat. It also confirms that the command arrived. */
  beat(fate: Fate): void {
    const doing = this.#doing;
    if (doing.at === 'idle') return;
    const { api } = this.#relay;
    const { id } = doing;
    const reply = this.#relay.send(
      this.#request('hear', id, (session, now, by) => api.acknowledgeStart(session, id, by, now)),
      fate,
    );
    if (doing.at === 'running' && reply?.ok) this.#untold = undefined;
    if (doing.at !== 'prompt' || !reply) return;
    const waits = reply.ok && ['queued', 'awaiting_approval', 'running'].includes(reply.result.state);
    if (!waits) this.#doing = { at: 'idle' };
  }

  /** The operator approves, or the runner repeats the start because its answer was lost. */
  approve(fate: Fate): void {
    const doing = this.#doing;
    if (doing.at !== 'prompt' && doing.at !== 'approved') return;
    const { api } = this.#relay;
    const { id } = doing;
    this.#doing = { at: 'approved', id };
    const reply = this.#relay.send(
      this.#request('start', id, (session, now, by) => api.startCommand(session, id, by, now)),
      fate,
    );
    if (reply?.ok) this.#run(id);
    else if (reply) this.#doing = { at: 'idle' };
  }

  decline(fate: Fate): void {
    const doing = this.#doing;
    if (doing.at !== 'prompt' && doing.at !== 'declined') return;
    const { api, ledger } = this.#relay;
    const { id } = doing;
    this.#doing = { at: 'declined', id };
    const reply = this.#relay.send(
      this.#request('decline', id, (session, now, by) => api.declineCommand(session, id, by, 'no', now)),
      fate,
    );
    if (reply?.ok) ledger.over.set(id, 'declined');
    if (reply) this.#doing = { at: 'idle' };
  }

  finish(fate: Fate): void {
    const doing = this.#doing;
    if (doing.at !== 'running') return;
    // A command that was lost long ago may be forgotten, in favour of those that ended after it.
    const isForgotten = this.#relay.ledger.over.has(doing.id) && !this.#relay.find(doing.id);
    const reply = this.#relay.send(this.#finishing(doing.id), fate);
    if (!reply) return;
    if (!isForgotten) this.#checkFinish(doing.id, reply);
    this.#doing = { at: 'idle' };
  }

  #finishing(id: string): Request<Command> {
    const { api, output } = this.#relay;
    const end = {
      exitStatus: exitStatusOf(id),
      signal: null,
      timedOut: exitStatusOf(id) === 7,
      rest: [],
      cut: null,
    };
    return this.#request('finish', id, (session, now, by) => {
      api.findOwn(session, id, by);
      const finished = api.finishCommand(session, id, by, end, now);
      output.set(id, `out of ${id}`);
      return finished;
    });
  }

  /** The command is finished now, even if the relay had it as lost before. */
  #checkFinish(id: string, reply: Reply<Command>): void {
    if (this.#relay.gone) return;
    assert.ok(reply.ok, `the result of ${id} is refused: ${reply.ok ? '' : reply.code}`);
    const kept = this.#relay.find(id);
    assert.equal(
      kept?.state,
      exitStatusOf(id) === 7 ? 'timed_out' : 'finished',
      `the result of ${id} is not kept`,
    );
    assert.equal(kept.exitStatus, exitStatusOf(id), `${id} has a wrong exit status`);
  }

  /** A proxy before the relay refuses the result permanently. */
  giveUp(): void {
    if (this.#doing.at === 'running') this.#doing = { at: 'idle' };
  }

  /** The process ends, with its command, and another one starts. */
  replace(farewell: Fate | 'none', straggles = false): void {
    const { api, sent } = this.#relay;
    const { id } = this;
    const straggler = sent.findLast(({ cause }) => cause.by === id);
    if (farewell !== 'none') {
      const transition: Request<void>['transition'] = (session, now) => api.leaveListener(session, id, now);
      const leave = { cause: { verb: 'leave', by: id } as const, transition, byRequest: false };
      this.#relay.send(leave, farewell);
    }
    // A poll that is still held, or a heartbeat that was still in flight.
    if (straggles && straggler) this.#relay.apply(straggler);
    this.#process += 1;
    this.#untold = undefined;
    this.#doing = { at: 'idle' };
  }

  /** The relay sees its socket close; it may come back. */
  closeSocket(): void {
    const { api, ledger, now, session } = this.#relay;
    const { id } = this;
    this.#relay.apply({
      cause: { verb: 'detach', by: id },
      transition: (given, at) => api.detachListener(given, id, at),
      byRequest: false,
    });
    if (session.listener?.id === id && !ledger.closed.has(id)) ledger.closed.set(id, now);
  }

  /** Sends a request about a command of another listener, by mistake or on purpose. */
  meddle(verb: 'start' | 'decline' | 'finish' | 'hear', index: number): void {
    const { api, session } = this.#relay;
    const others = session.commands.filter((c) => c.listenerId !== null && c.listenerId !== this.id);
    const command = others[index % Math.max(1, others.length)];
    if (!command) return;
    const { id } = command;
    const attempts = {
      start: (given: Session, now: number) => api.startCommand(given, id, this.id, now),
      decline: (given: Session, now: number) => api.declineCommand(given, id, this.id, 'no', now),
      finish: this.#finishing(id).transition,
      hear: (given: Session, now: number) => api.acknowledgeStart(given, id, this.id, now),
    };
    // If a timeout is due, the other listener may have lost the command, and the request is legitimate.
    if (api.advance(session, this.#relay.now) !== session) return;
    const reply = this.#relay.apply(this.#request(verb, id, attempts[verb]));
    assert.ok(!reply.ok, `${this.id} may ${verb} ${id}, which belongs to ${command.listenerId}`);
  }
}
