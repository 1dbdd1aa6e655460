/** Loops of clients that push, cancel and read commands, and of a listener that runs them; all of them survive a restart of the relay. */
import type { CommandView } from '../../../src/protocol/command-view.ts';
import type { Stream } from '../../../src/session/session.ts';
import { draw, Intent } from './intent.ts';
import type { LoadedSession } from './loaded-session.ts';

async function push(session: LoadedSession, intent: Intent): Promise<string> {
  session.intents.push(intent);
  const headers = { 'idempotency-key': intent.word };
  const answer = await session.asClient({ method: 'POST', path: '/commands', headers, body: intent.script });
  if (answer.status !== 201) session.giveUp(`the push of ${intent.word}`, answer);
  const { id } = JSON.parse(answer.text) as CommandView;
  session.tally.expect(
    intent.id === undefined || intent.id === id,
    'run twice',
    `${intent.word} has two ids`,
  );
  intent.id = id;
  intent.isPushed = true;
  session.tally.acknowledge('pushes');
  return id;
}

async function cancel(session: LoadedSession, intent: Intent, id: string): Promise<void> {
  const answer = await session.asClient({ method: 'DELETE', path: `/commands/${id}` });
  if (answer.status >= 400) session.giveUp(`the cancel of ${intent.word}`, answer);
  const { outcome } = JSON.parse(answer.text) as { outcome: string };
  intent.isCancelled = outcome === 'cancelled';
  intent.isSignalled = outcome === 'signalled';
  if (outcome !== 'ended') session.tally.acknowledge('cancels');
}

/** Reads the output to its end, as `exec` does, also across restarts of the relay. */
async function follow(session: LoadedSession, intent: Intent, id: string): Promise<void> {
  const text = { stdout: '', stderr: '' };
  for (;;) {
    const offsets = `stdout=${text.stdout.length}&stderr=${text.stderr.length}`;
    const path = `/commands/${id}/output?${offsets}&wait=5`;
    const answer = await session.asClient({ method: 'GET', path });
    if (answer.status !== 200) session.giveUp(`the output of ${intent.word}`, answer);
    const split = Number(answer.headers['remotify-stdout-bytes']);
    text.stdout += answer.text.slice(0, split);
    text.stderr += answer.text.slice(split);
    if (answer.headers['remotify-complete'] !== 'true') continue;
    const state = String(answer.headers['remotify-state']);
    if (state === 'cancelled') return;
    const { tally } = session;
    tally.expect(state === 'finished', 'lost', `the run of ${intent.word}, which is ${state}`);
    const isWhole = text.stdout === intent.output.stdout && text.stderr === intent.output.stderr;
    tally.expect(isWhole || state !== 'finished', 'wrong', `the output that a client read of ${intent.word}`);
    return;
  }
}

/** Pushes one command after the other, and reads the output of each to its end. */
export async function serveClient(
  session: LoadedSession,
  name: string,
  goesOn: () => boolean,
): Promise<void> {
  for (let nth = 1; goesOn(); nth += 1) {
    const intent = new Intent(`${name}-${nth}`);
    const id = await push(session, intent);
    if (draw(5, `cancel ${intent.word}`) === 0) await cancel(session, intent, id);
    await follow(session, intent, id);
  }
}

/** A listener as the runner is one: starts a command only after the relay acknowledged it, and sends all output. */
export class LoadedListener {
  readonly #session: LoadedSession;
  readonly #mode: 'auto' | 'supervised';
  #had = '';

  constructor(session: LoadedSession, mode: 'auto' | 'supervised') {
    this.#session = session;
    this.#mode = mode;
  }

  #send(method: string, path: string, body = '') {
    const id = `listener-of-${this.#session.name}`;
    const headers = { 'remotify-listener': id, 'remotify-host': 'loaded', 'remotify-mode': this.#mode };
    return this.#session.asListener({ method, path, headers, body });
  }

  async serve(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const answer = await this.#send('GET', `/next?wait=1&had=${this.#had}`);
      if (answer.status === 204) continue;
      if (answer.status !== 200) this.#session.giveUp('a poll', answer);
      const [, id = '', script = ''] =
        /^remotify\/1 run (c\d+) .*\n([^]*)\nremotify\/1 end \1\n$/.exec(answer.text) ?? [];
      const intent = this.#session.intents.find((one) => one.script === script);
      if (!intent) this.#session.tally.blame('wrong', `${this.#session.name} hands out an unknown script`);
      else if (await this.#start(intent, id)) await this.#finish(intent, id);
    }
  }

  async #start(intent: Intent, id: string): Promise<boolean> {
    const { tally } = this.#session;
    intent.id ??= id;
    tally.expect(intent.id === id, 'run twice', `${intent.word} has two ids`);
    if (this.#mode === 'supervised') {
      const answer = await this.#send('POST', `/commands/${id}/start`);
      if (answer.status === 409) return false;
      if (answer.status !== 200) this.#session.giveUp(`the start of ${intent.word}`, answer);
    }
    this.#had = id;
    intent.runs += 1;
    intent.isStarted = true;
    tally.acknowledge('starts');
    tally.expect(intent.runs === 1, 'run twice', `${intent.word} runs ${intent.runs} times`);
    return true;
  }

  async #upload(intent: Intent, id: string, stream: Stream): Promise<void> {
    const { output, kept, word } = intent;
    const parts = draw(4, `parts of ${stream} ${word}`);
    for (let part = 0; part < parts; part += 1) {
      const offset = kept[stream];
      const bytes = output[stream].slice(offset, offset + draw(30_000, `part ${part} ${stream} ${word}`));
      const answer = await this.#send(
        'POST',
        `/commands/${id}/output?stream=${stream}&offset=${offset}`,
        bytes,
      );
      if (answer.status !== 200) this.#session.giveUp(`${stream} of ${word} at ${offset}`, answer);
      const next = Number(answer.headers['remotify-next-offset']);
      this.#session.tally.expect(next === offset + bytes.length, 'wrong', `${word} goes on at ${next}`);
      kept[stream] = next;
      this.#session.tally.acknowledge('bytes', bytes.length);
    }
  }

  async #finish(intent: Intent, id: string): Promise<void> {
    const { output, kept, exitStatus, word } = intent;
    await this.#upload(intent, id, 'stdout');
    await this.#upload(intent, id, 'stderr');
    const rest = { stdout: output.stdout.slice(kept.stdout), stderr: output.stderr.slice(kept.stderr) };
    const ends = [
      `exit_status=${exitStatus}`,
      `stdout_offset=${kept.stdout}&stdout_bytes=${rest.stdout.length}`,
      `stderr_offset=${kept.stderr}&stderr_bytes=${rest.stderr.length}`,
    ];
    const path = `/commands/${id}/finish?${ends.join('&')}`;
    const answer = await this.#send('POST', path, rest.stdout + rest.stderr);
    if (answer.status !== 200) this.#session.giveUp(`the result of ${word}`, answer);
    intent.isFinished = true;
    this.#session.tally.acknowledge('results');
    this.#session.tally.acknowledge('bytes', rest.stdout.length + rest.stderr.length);
  }
}
