/** All operations for which a relay stores data, each in its own session, so that they do not influence each other. */
import type { Relay } from '../../harness/relay-process.ts';
import { type Answer, type Call, Wire } from '../../promises/wire.ts';

/** More than the space left on the small disk, and more than one page, so that it cannot fit by chance. */
export const largeBytes = 200_000;

const fill = (word: string, size = largeBytes): string => `${word} `.repeat(size).slice(0, size);

type Exchange = Omit<Call, 'key'>;

export class Desk {
  readonly key: string;
  readonly #wire: Wire;
  readonly #listenerKey: string;

  private constructor(wire: Wire, { text }: Answer) {
    const payload = JSON.parse(text) as { key: string; listener_key: string };
    this.key = payload.key;
    this.#listenerKey = payload.listener_key;
    this.#wire = wire;
  }

  static async open(wire: Wire): Promise<Desk> {
    return new Desk(wire, await makeSession(wire));
  }

  asClient({ path, ...rest }: Exchange, wire = this.#wire): Promise<Answer> {
    return wire.ask({ ...rest, path: `/api/session/self${path}`, key: this.key });
  }

  asListener({ path, ...rest }: Exchange, mode = 'supervised'): Promise<Answer> {
    const headers = { 'remotify-listener': 'listener-of-storage', 'remotify-mode': mode };
    return this.#wire.ask({ ...rest, headers, path: `/api/session/self${path}`, key: this.#listenerKey });
  }

  onSlot(slot: 'cmd' | 'result', method: string, body = '', wire = this.#wire): Promise<Answer> {
    const path = `/${slot}-${this.key}${method === 'GET' ? '?nowait=1' : ''}`;
    return wire.ask({ method, path, key: '', body });
  }
}

const makeSession = (wire: Wire): Promise<Answer> =>
  wire.ask({ method: 'POST', path: '/api/session', key: '' });

const push = (desk: Desk, key: string, script: string): Promise<Answer> =>
  desk.asClient({ method: 'POST', path: '/commands', headers: { 'idempotency-key': key }, body: script });

export interface Operation {
  name: string;
  /** The operation stores many bytes: a full disk has no space for them, although small ones may still fit. */
  isLarge: boolean;
  perform: () => Promise<Answer>;
  /** Whether a relay still has the data of the acknowledged operation. */
  isKept: (wire: Wire, answer: Answer) => Promise<boolean>;
}

const stateOf = async (desk: Desk, wire: Wire): Promise<string> => {
  const { text } = await desk.asClient({ method: 'GET', path: '/commands/c1' }, wire);
  return (JSON.parse(text) as { state: string }).state;
};

const stdoutOf = async (desk: Desk, wire: Wire): Promise<string> =>
  (await desk.asClient({ method: 'GET', path: '/commands/c1/output?stream=stdout&offset=0' }, wire)).text;

/** Opens a session with a command c1 that is queued, shown to a supervised listener, or running. */
async function openAt(wire: Wire, state: 'queued' | 'shown' | 'running', query = ''): Promise<Desk> {
  const desk = await Desk.open(wire);
  await desk.asClient({ method: 'POST', path: `/commands${query}`, body: 'echo c1' });
  if (state !== 'queued') await desk.asListener({ method: 'GET', path: '/next?wait=0' });
  if (state === 'running') await desk.asListener({ method: 'POST', path: '/commands/c1/start' });
  return desk;
}

/** Prepares all operations while storage still works. */
export async function prepareOperations(relay: Pick<Relay, 'port'>): Promise<Operation[]> {
  const wire = new Wire({ port: relay.port, kill: async () => {}, start: async () => {} });
  const [pushed, queued, shown, declined, streaming, ending] = await Promise.all([
    Desk.open(wire),
    openAt(wire, 'queued'),
    openAt(wire, 'shown'),
    openAt(wire, 'shown'),
    openAt(wire, 'running'),
    openAt(wire, 'running'),
  ]);
  const [fed, slotPushed, slotRun] = await Promise.all([
    openAt(wire, 'queued', '?stdin=1'),
    Desk.open(wire),
    Desk.open(wire),
  ]);
  await slotRun.onSlot('cmd', 'POST', 'echo slot');
  await slotRun.onSlot('cmd', 'GET');
  const over = `/commands/c1/finish?exit_status=3&stdout_offset=0&stdout_bytes=${largeBytes}`;
  const slot = async (desk: Desk, name: 'cmd' | 'result', other: Wire): Promise<string> =>
    (await desk.onSlot(name, 'GET', '', other)).text;

  return [
    {
      name: 'make a session',
      isLarge: false,
      perform: () => makeSession(wire),
      isKept: async (other, { text }) => {
        const { key } = JSON.parse(text) as { key: string };
        return (await other.ask({ method: 'GET', path: '/api/session/self/status', key })).status === 200;
      },
    },
    {
      name: 'push',
      isLarge: true,
      perform: () => push(pushed, 'one', fill('script')),
      isKept: async (other) => {
        const [first] = (
          JSON.parse((await pushed.asClient({ method: 'GET', path: '/commands' }, other)).text) as {
            commands: { script_bytes: number }[];
          }
        ).commands;
        return first?.script_bytes === largeBytes;
      },
    },
    {
      name: 'cancel',
      isLarge: false,
      perform: () => queued.asClient({ method: 'DELETE', path: '/commands/c1' }),
      isKept: async (other) => (await stateOf(queued, other)) === 'cancelled',
    },
    {
      name: 'start',
      isLarge: false,
      perform: () => shown.asListener({ method: 'POST', path: '/commands/c1/start' }),
      isKept: async (other) => (await stateOf(shown, other)) === 'running',
    },
    {
      name: 'decline',
      isLarge: false,
      perform: () => declined.asListener({ method: 'POST', path: '/commands/c1/decline', body: 'no' }),
      isKept: async (other) => (await stateOf(declined, other)) === 'declined',
    },
    {
      name: 'output',
      isLarge: true,
      perform: () =>
        streaming.asListener({
          method: 'POST',
          path: '/commands/c1/output?stream=stdout&offset=0',
          body: fill('output'),
        }),
      isKept: async (other) => (await stdoutOf(streaming, other)) === fill('output'),
    },
    {
      name: 'finish',
      isLarge: true,
      perform: () => ending.asListener({ method: 'POST', path: over, body: fill('result') }),
      isKept: async (other) =>
        (await stateOf(ending, other)) === 'finished' && (await stdoutOf(ending, other)) === fill('result'),
    },
    {
      name: 'stdin',
      isLarge: true,
      perform: () =>
        fed.asClient({ method: 'PUT', path: '/commands/c1/stdin?offset=0&end=1', body: fill('input') }),
      // A repeated PUT at the end offset returns the end of the stored stdin.
      isKept: async (other) => {
        const path = `/commands/c1/stdin?offset=${largeBytes}&end=1`;
        const { status, text } = await fed.asClient({ method: 'PUT', path }, other);
        return status === 200 && text.trim() === String(largeBytes);
      },
    },
    {
      name: 'push to the slot',
      isLarge: true,
      perform: () => slotPushed.onSlot('cmd', 'POST', fill('slot script')),
      isKept: async (other) => (await slot(slotPushed, 'cmd', other)) === fill('slot script'),
    },
    {
      name: 'result to the slot',
      isLarge: true,
      perform: () => slotRun.onSlot('result', 'POST', fill('slot result')),
      isKept: async (other) => (await slot(slotRun, 'result', other)) === fill('slot result'),
    },
  ];
}
