/** Creates a session and stores it: for `new`, and for an `exec` without a session. */
import type { Http } from '../client/http.ts';
import { createSessionClient, dialectOf } from '../client/open-session.ts';
import { RelayClient } from '../client/relay-client.ts';
import { RelayError } from '../client/relay-error.ts';
import { checkSessionName, type LineMode, type Settings, type StoredSession } from '../config/settings.ts';
import { addAutoMode, type SessionPayload } from '../protocol/session-payload.ts';
import { checkLine } from './check-line.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';

export interface MadeSession {
  name: string;
  payload: SessionPayload;
  stored: StoredSession;
}

function chooseFreeName(settings: Settings): string {
  for (let number = 1; ; number++) {
    const name = `session-${number}`;
    if (!Object.hasOwn(settings.sessions, name)) return name;
  }
}

/** Throws a Failure if the name is in use. The name of a session that is gone can be reused. */
async function checkFree(context: Context, name: string): Promise<void> {
  const stored = context.settings().sessions[name];
  if (!stored) return;
  try {
    const { client } = await context.openSession({ name, ...stored });
    await client.readSession();
  } catch (error) {
    if (error instanceof RelayError && error.code === 'gone') return;
    throw error;
  }
  throw new Failure(
    `session "${name}" already exists`,
    `choose another name, or end it first: \`remotify end ${name}\``,
    exitCodes.usage,
  );
}

/** Deletes an unusable session from the relay; ignores errors. */
async function dropSession(http: Http, { key, features }: SessionPayload): Promise<void> {
  await createSessionClient(http, key, dialectOf(features))
    .endSession()
    .catch(() => undefined);
}

export interface SessionWishes {
  /** Without it: session-1, session-2, … */
  name?: string | undefined;
  /** Default: supervised. */
  mode?: LineMode;
  /** Renders the line to paste; default: the line of the relay. */
  renderLine?: ((payload: SessionPayload) => Promise<string>) | undefined;
}

/** Creates a session on the relay, stores it here as the current one. If its line cannot be rendered, stores nothing. */
export async function makeSession(
  context: Context,
  { name: wanted, mode = 'supervised', renderLine }: SessionWishes = {},
): Promise<MadeSession> {
  const { changeSettings, checkWritable } = await import('../config/write-settings.ts');
  checkWritable(context.configDir);
  if (wanted !== undefined) await checkFree(context, checkSessionName(wanted));
  const url = context.url();
  const http = await context.http(url);
  const payload = await new RelayClient(http).createSession(context.token);
  let quickstart: string;
  try {
    await checkLine(context, payload.remote_quickstart, http.baseUrl);
    const plain = payload.remote_quickstart;
    quickstart = renderLine ? await renderLine(payload) : mode === 'auto' ? addAutoMode(plain) : plain;
  } catch (error) {
    await dropSession(http, payload);
    throw error;
  }
  const stored: StoredSession = {
    key: payload.key,
    url,
    features: payload.features ?? [],
    quickstart,
    mode,
    createdAt: Date.now(),
  };
  let name = wanted ?? '';
  await changeSettings(context.configDir, (settings) => {
    if (name === '') name = chooseFreeName(settings);
    return { ...settings, current: name, sessions: { ...settings.sessions, [name]: stored } };
  });
  return { name, payload, stored };
}
