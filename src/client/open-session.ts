/** Opens a client for a session key, and finds out whether its relay is a remotify relay or a legacy relay. */
import type { SessionPayload } from '../protocol/session-payload.ts';
import type { Http, HttpSender } from './http.ts';
import { isWeakerLine } from './line-address.ts';
import { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** `commands`: a remotify relay. `slots`: a legacy relay. */
export type Dialect = 'commands' | 'slots';

/** A session, its client, and its name for messages. */
export interface OpenSession {
  /** For messages: the session's name, or the beginning of its key. */
  label: string;
  /** The line to paste; empty while unknown. */
  quickstart: string;
  url: string;
  dialect: Dialect;
  client: RelayClient;
}

export function dialectOf(features: readonly string[] | undefined): Dialect {
  return features?.includes('commands') === true ? 'commands' : 'slots';
}

export function createSessionClient(http: HttpSender, key: string, dialect: Dialect): RelayClient {
  return new RelayClient(http, key, dialect === 'slots');
}

/** Drops a line that would send the key unencrypted. */
async function readPayload(http: Http, client: RelayClient): Promise<SessionPayload> {
  const payload = await client.readSession();
  return isWeakerLine(payload.remote_quickstart, http.baseUrl)
    ? { ...payload, remote_quickstart: '' }
    : payload;
}

/** Reads the relay's features. Sends the key in a header first, and in the path only if the relay rejects that. */
export async function probeSession(http: Http, key: string): Promise<SessionPayload> {
  try {
    return await readPayload(http, createSessionClient(http, key, 'commands'));
  } catch (error) {
    const isOriginal =
      error instanceof RelayError && error.kind === 'not_a_relay' && [400, 401, 404].includes(error.status);
    if (!isOriginal) throw error;
    return readPayload(http, createSessionClient(http, key, 'slots'));
  }
}
