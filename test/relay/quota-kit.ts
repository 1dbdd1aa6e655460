import type { Answer } from '../harness/curl.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { openResource, type ResourceSession } from '../harness/resource.ts';
import { makeSession, openSession, type SlotSession } from '../harness/slot-session.ts';
import { type SpiedRelay, startSpiedRelay } from '../harness/spied-relay.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

export type QuotaSession = ResourceSession & {
  slots: SlotSession;
  /** Pushes a command that the listener takes and runs; resolves with its id. */
  begin: () => Promise<string>;
  /** POST …/output of stdout at this offset. */
  upload: (id: string, bytes: number, offset?: number) => Promise<Answer>;
  /** POST …/finish with the rest of stdout at this offset; `query` is added. */
  finish: (id: string, rest: string, offset?: number, query?: string) => Promise<Answer>;
  /** Runs a command that ends with exit status 0 and this many bytes of stdout; resolves with its id. */
  runWhole: (bytes: number) => Promise<string>;
  /** GET …/output of stdout. */
  read: (id: string, offset?: number) => Promise<Answer>;
};

const mustBe = (status: number, answer: Answer): Answer => {
  if (answer.status !== status) throw new Error(`${status} expected: ${answer.status} ${answer.text}`);
  return answer;
};

/** A session whose listener is the test itself, which controls the size and time of each upload. */
export function drive(relay: { url: string }, slots: SlotSession): QuotaSession {
  const resource = openResource(relay.url, slots);
  const { ask, listen } = resource;
  const begin = async () => {
    const pushed = mustBe(201, await ask('POST', '/commands', 'true'));
    mustBe(200, await listen('one', 'GET', '/next?wait=0'));
    return pushed.json<{ id: string }>().id;
  };
  const upload = (id: string, bytes: number, offset = 0) =>
    listen(
      'one',
      'POST',
      `/commands/${id}/output?stream=stdout&offset=${offset}`,
      Buffer.alloc(bytes, id.slice(-1)),
    );
  const finish = (id: string, rest: string, offset = 0, query = '&stdout_cut=0&stderr_cut=0') => {
    const sizes = `stdout_offset=${offset}&stdout_bytes=${Buffer.byteLength(rest)}`;
    return listen('one', 'POST', `/commands/${id}/finish?exit_status=0&${sizes}${query}`, rest);
  };
  const runWhole = async (bytes: number) => {
    const id = await begin();
    mustBe(200, await upload(id, bytes));
    mustBe(200, await finish(id, '', bytes));
    return id;
  };
  const read = (id: string, offset = 0) =>
    ask('GET', `/commands/${id}/output?stream=stdout&offset=${offset}`);
  return { ...resource, slots, begin, upload, finish, runWhole, read };
}

export async function makeQuotaSession(relay: { url: string }): Promise<QuotaSession> {
  return drive(relay, await makeSession(relay));
}

/** A relay with an audit log; it stops after the test. */
export function startQuotaRelay(...flags: string[]): Promise<SpiedRelay> {
  return startSpiedRelay({ flags: ['--audit-log', ...flags] });
}

export type QuotaKit = {
  relay: Relay;
  /** Kills the relay and starts a new one on the same store; resolves with the same sessions at the new one. */
  restart: (...sessions: QuotaSession[]) => Promise<QuotaSession[]>;
};

/** A relay on files that can be killed and started again. */
export async function startRestartable(...flags: string[]): Promise<QuotaKit> {
  const folder = await forTest(makeTemporaryFolder());
  const store = `file:${folder.path}/store`;
  const relay = await forTest(startRelay({ store, flags }));
  const restart = async (...sessions: QuotaSession[]) => {
    await relay.kill('SIGKILL');
    const again = await forTest(startRelay({ store, flags, port: relay.port }));
    return sessions.map(({ slots }) => drive(again, openSession(slots.payload)));
  };
  return { relay, restart };
}

/** The headers about missing bytes of a response with output. */
export const missingOf = ({ headers }: Answer) => ({
  bytes: headers['remotify-missing-bytes'],
  reason: headers['remotify-missing-reason'],
  exitStatus: headers['remotify-exit-status'],
});

export const whole = { bytes: undefined, reason: undefined, exitStatus: '0' };
export const evicted = (bytes: number) => ({
  bytes: String(bytes),
  reason: 'evicted',
  exitStatus: undefined,
});
