import { type Answer, curl } from './curl.ts';
import type { SessionPayload } from './slot-session.ts';

type Bytes = string | Uint8Array;

/** Sends single requests of remotify's clients and listeners for a session. */
export type ResourceSession = {
  /** With the session key; `path` follows `/api/session/self`. */
  ask: (method: string, path: string, body?: Bytes, ...curlArgs: string[]) => Promise<Answer>;
  /** With the listener key, as the listener of this id. */
  listen: (id: string, method: string, path: string, body?: Bytes, ...curlArgs: string[]) => Promise<Answer>;
};

/** The headers with the listener's name and mode, as arguments of curl. */
export function introduce(id: string, { host = `${id}-host`, user = 'ann', mode = 'auto' } = {}): string[] {
  const words = { listener: `${id}-listener`, host, user, mode };
  return Object.entries(words).flatMap(([name, value]) => ['-H', `Remotify-${name}: ${value}`]);
}

export function openResource(url: string, payload: SessionPayload): ResourceSession {
  const send = (key: string, method: string, path: string, body: Bytes | undefined, extra: string[]) =>
    curl(
      [
        '-X',
        method,
        '-H',
        `Authorization: Bearer ${key}`,
        '-H',
        'Expect:',
        ...(body === undefined ? [] : ['--data-binary', '@-']),
        ...extra,
        `${url}/api/session/self${path}`,
      ],
      body === undefined ? {} : { stdin: body },
    );
  return {
    ask: (method, path, body, ...extra) => send(payload.key, method, path, body, extra),
    listen: (id, method, path, body, ...extra) =>
      send(payload.listener_key, method, path, body, [...introduce(id), ...extra]),
  };
}
