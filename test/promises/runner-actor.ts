/** A listener like the runner: one request at a time, and it runs nothing that the relay did not let it start. */
import assert from 'node:assert/strict';
import { exitStatusOf, outputOf } from './ledger.ts';
import type { Answer, Luck } from './wire.ts';
import type { World } from './world.ts';

type Doing =
  | { at: 'idle' }
  | { at: 'prompt' | 'approved' | 'declined'; id: string; script: string }
  | { at: 'running'; id: string; output: string; sent: number; reached: number };

const arrives: Luck = { fate: 'arrives', turns: 0 };

function parseFrame(text: string): { id: string; script: string } {
  const [, id = '', size = '', script = '', end] =
    /^remotify\/1 run (c\d+) (\d+) timeout=0 merge=[01] stdin=0(?: from=\S+)?\n([^]*)\nremotify\/1 end (c\d+)\n$/.exec(
      text,
    ) ?? [];
  assert.ok(id !== '' && end === id && script.length === Number(size), `bad frame: ${JSON.stringify(text)}`);
  return { id, script };
}

export class RunnerActor {
  readonly #world: World;
  readonly #mode: 'auto' | 'supervised';
  readonly #name: string;
  #process = 0;
  #doing: Doing = { at: 'idle' };
  #had = '';

  constructor(world: World, mode: 'auto' | 'supervised', name: string = mode) {
    this.#world = world;
    this.#mode = mode;
    this.#name = name;
  }

  /** Each process has its own listener id. */
  #id(process = this.#process): string {
    return `${this.#name}-listener-${process}`;
  }

  #send(method: string, path: string, luck: Luck, body = '', id = this.#id()): Promise<Answer | undefined> {
    const headers = { 'remotify-listener': id, 'remotify-host': this.#name, 'remotify-mode': this.#mode };
    return this.#world.asListener({ method, path, headers, body }, luck);
  }

  goOn(luck: Luck): Promise<void> {
    const next = {
      idle: 'look',
      prompt: 'approve',
      approved: 'approve',
      declined: 'decline',
      running: 'finish',
    };
    return this[next[this.#doing.at] as 'look' | 'approve' | 'decline' | 'finish'](luck);
  }

  async look(luck: Luck): Promise<void> {
    if (this.#doing.at !== 'idle') return;
    const answer = await this.#send('GET', `/next?had=${this.#had}&wait=0`, luck);
    if (answer?.status !== 200) {
      const refusal = answer?.headers['remotify-error'];
      const isExpected = !answer || answer.status === 204 || refusal === 'listener_busy';
      return assert.ok(isExpected, `a poll is answered ${answer?.status}: ${answer?.text}`);
    }
    const { id, script } = parseFrame(answer.text);
    if (this.#mode === 'auto' && id === this.#had) return;
    if (this.#mode === 'auto') this.#run(id, script);
    else this.#doing = { at: 'prompt', id, script };
  }

  #run(id: string, script: string): void {
    const word = this.#world.ledger.execute(id, script, this.#id());
    this.#had = id;
    this.#doing = { at: 'running', id, output: outputOf(word), sent: 0, reached: 0 };
  }

  async beat(luck: Luck): Promise<void> {
    const doing = this.#doing;
    if (doing.at === 'idle') return;
    const answer = await this.#send('GET', `/commands/${doing.id}/control?seen=0&wait=0`, luck);
    const isWithdrawn =
      answer && answer.status !== 204 && !/^state (queued|awaiting|running)/.test(answer.text);
    if (doing.at === 'prompt' && isWithdrawn) this.#doing = { at: 'idle' };
  }

  async approve(luck: Luck): Promise<void> {
    const doing = this.#doing;
    if (doing.at !== 'prompt' && doing.at !== 'approved') return;
    const { id, script } = doing;
    this.#doing = { at: 'approved', id, script };
    const answer = await this.#send('POST', `/commands/${id}/start`, luck);
    if (!answer) return;
    if (answer.status === 200) return this.#run(id, script);
    assert.equal(answer.status, 409, answer.text);
    this.#doing = { at: 'idle' };
  }

  async decline(luck: Luck): Promise<void> {
    const doing = this.#doing;
    // After an approval the operator cannot decline: the start may have arrived.
    if (doing.at !== 'prompt' && doing.at !== 'declined') return;
    const { id, script } = doing;
    this.#doing = { at: 'declined', id, script };
    this.#world.ledger.mayBeDeclined.add(id);
    const answer = await this.#send('POST', `/commands/${id}/decline`, luck, 'no');
    if (!answer) return;
    if (answer.status === 200) this.#world.ledger.over.set(id, 'declined');
    else assert.equal(answer.status, 409, answer.text);
    this.#doing = { at: 'idle' };
  }

  /** The next bytes of its output; the same ones again when the answer was lost. */
  async upload(luck: Luck, bytes: number): Promise<void> {
    const doing = this.#doing;
    if (doing.at !== 'running') return;
    const { id, output, sent } = doing;
    const part = output.slice(sent, sent + bytes);
    doing.reached = Math.max(doing.reached, sent + part.length);
    const answer = await this.#send(
      'POST',
      `/commands/${id}/output?stream=stdout&offset=${sent}`,
      luck,
      part,
    );
    if (!answer) return;
    assert.ok([200, 409].includes(answer.status), answer.text);
    const next = Number(answer.headers['remotify-next-offset']);
    if (answer.status === 200) {
      // The relay has more than this part if the answer to a longer part, or to a finish, was lost.
      const isRight = next >= sent + part.length && next <= doing.reached;
      assert.ok(isRight, `${id} has the next offset ${next}, after ${part.length} bytes at ${sent}`);
    }
    if (Number.isInteger(next)) doing.sent = next;
  }

  async finish(luck: Luck): Promise<void> {
    const doing = this.#doing;
    if (doing.at !== 'running') return;
    doing.reached = doing.output.length;
    const { id, output, sent } = doing;
    const rest = output.slice(sent);
    const exitStatus = exitStatusOf(id);
    const timedOut = exitStatus === 7 ? '&timed_out=1' : '';
    const offsets = `stdout_offset=${sent}&stdout_bytes=${rest.length}`;
    const path = `/commands/${id}/finish?exit_status=${exitStatus}&${offsets}${timedOut}`;
    const answer = await this.#send('POST', path, luck, rest);
    if (!answer) return;
    assert.equal(answer.status, 200, `the result of ${id} is refused: ${answer.text}`);
    this.#world.ledger.finished.set(id, { exitStatus, output });
    this.#doing = { at: 'idle' };
  }

  /** A proxy before the relay refuses the result permanently. */
  giveUp(): void {
    if (this.#doing.at === 'running') this.#doing = { at: 'idle' };
  }

  /** The process ends, and its leave request may get lost; another process starts. */
  async replace(luck: Luck): Promise<void> {
    await this.#send('POST', '/leave', luck);
    this.#process += 1;
    this.#had = '';
    this.#doing = { at: 'idle' };
  }

  /** Sends a leave request for every earlier process, however late. */
  async leaveForGood(): Promise<void> {
    for (let process = 0; process <= this.#process; process += 1)
      await this.#send('POST', '/leave', arrives, '', this.#id(process));
  }

  /** Runs all commands that are left, then leaves. */
  async workOff(): Promise<void> {
    await this.look(arrives);
    while (this.#isRunning()) {
      await this.finish(arrives);
      await this.look(arrives);
    }
    await this.leaveForGood();
  }

  #isRunning(): boolean {
    return this.#doing.at === 'running';
  }
}
