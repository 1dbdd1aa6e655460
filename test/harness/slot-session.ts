import { type Answer, curl, type RunningCurl, startCurl } from './curl.ts';

export type SessionPayload = {
  key: string;
  ttl_seconds: number;
  urls: { cmd: string; result: string; api: string; runner: string };
  remote_quickstart: string;
  exec: string;
  version: string;
  features: string[];
  listener_key: string;
};

export type SessionStatus = {
  cmd_queued: boolean;
  result_queued: boolean;
  cmd_in_flight: boolean;
  cmd_in_flight_seconds_ago: number | null;
  listener_seen_seconds_ago: number | null;
};

type Bytes = string | Uint8Array;

/** A session for a client and a listener that use only curl and the slots. `take` and `read` do not wait. */
export type SlotSession = SessionPayload & {
  payload: SessionPayload;
  /** POST /cmd-KEY */
  push: (command: Bytes, ...curlArgs: string[]) => Promise<Answer>;
  /** GET /cmd-KEY?nowait=1 */
  take: () => Promise<Answer>;
  /** POST /result-KEY */
  answer: (result: Bytes, ...curlArgs: string[]) => Promise<Answer>;
  /** GET /result-KEY?nowait=1 */
  read: () => Promise<Answer>;
  /** GET /api/session/KEY/status */
  status: () => Promise<SessionStatus>;
  /** GET /cmd-KEY, in the background; resolves when the request has been sent. */
  waitForCommand: () => Promise<RunningCurl>;
  /** GET /result-KEY, likewise. */
  waitForResult: () => Promise<RunningCurl>;
};

export async function makeSession(relay: { url: string }): Promise<SlotSession> {
  const made = await curl(['-X', 'POST', `${relay.url}/api/session`]);
  if (made.status !== 201) throw new Error(`POST /api/session: ${made.status} ${made.text} ${made.stderr}`);
  return openSession(made.json<SessionPayload>());
}

/** Opens the slots of an existing session, such as one from before a restart. */
export function openSession(payload: SessionPayload): SlotSession {
  const { urls } = payload;
  const post = (url: string, body: Bytes, curlArgs: string[]) =>
    curl([...curlArgs, '--data-binary', '@-', url], { stdin: body });
  const wait = async (url: string) => {
    const poll = startCurl([url]);
    await poll.sent;
    return poll;
  };
  return {
    ...payload,
    payload,
    push: (command, ...curlArgs) => post(urls.cmd, command, curlArgs),
    take: () => curl([`${urls.cmd}?nowait=1`]),
    answer: (result, ...curlArgs) => post(urls.result, result, curlArgs),
    read: () => curl([`${urls.result}?nowait=1`]),
    status: async () => (await curl([`${urls.api}/status`])).json<SessionStatus>(),
    waitForCommand: () => wait(urls.cmd),
    waitForResult: () => wait(urls.result),
  };
}
