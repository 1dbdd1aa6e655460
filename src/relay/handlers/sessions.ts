/** Handlers that create, read, reset and end a session, and that return its status. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../protocol/errors.ts';
import { deriveListenerKey, nameSession } from '../../protocol/key-derivation.ts';
import { chooseAccount } from '../../session/account.ts';
import { resetSession } from '../../session/cancel-command.ts';
import { createSession, type Session } from '../../session/session.ts';
import { viewStatus } from '../../session/view-status.ts';
import type { Exchange } from '../exchange.ts';
import { chooseBaseUrl } from '../public-url.ts';
import type { Handler, RelayContext } from '../relay-context.ts';
import { renderSessionPayload } from '../session-lines.ts';

export function baseUrlOf(exchange: Exchange, relay: RelayContext): string {
  return chooseBaseUrl(relay.options.publicUrl, exchange.outer, relay.local());
}

function payloadOf(exchange: Exchange, relay: RelayContext, key: string): object {
  return renderSessionPayload(key, baseUrlOf(exchange, relay), relay.options);
}

/** Compares digests, so that the time it takes reveals neither length nor content. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function checkToken(exchange: Exchange, token: string | undefined): void {
  if (token === undefined) return;
  const given = /^Bearer (.+)$/i.exec(exchange.header('authorization'))?.[1] ?? '';
  if (!isSame(given, token)) throw new Refusal('token_needed', undefined, { 'www-authenticate': 'Bearer' });
}

export const makeSession: Handler = async ({ exchange }, relay) => {
  const { rateLimit } = relay.options;
  if (rateLimit !== null) await relay.sessions.store.take(chooseAccount(exchange.address), rateLimit);
  checkToken(exchange, relay.options.token);
  const key = randomBytes(16).toString('hex');
  const name = nameSession(deriveListenerKey(key));
  await relay.sessions.create(createSession(name, relay.sessions.clock().now, exchange.address), exchange);
  exchange.session = name;
  await exchange.sendJson(201, payloadOf(exchange, relay, key));
};

export const readSession: Handler = async ({ exchange, key, name }, relay) => {
  await relay.sessions.read(name);
  await exchange.sendJson(200, payloadOf(exchange, relay, key));
};

export const endSession: Handler = async ({ exchange, name }, relay) => {
  if (!(await relay.sessions.remove(name, exchange))) throw new Refusal('gone');
  await exchange.sendNothing();
};

export const readStatus: Handler = async ({ exchange, name }, relay) => {
  const known = exchange.count('after', -1);
  let session: Session | undefined;
  await relay.polls.waitFor(name, exchange.waitMs(0), exchange, async () => {
    session = await relay.sessions.read(name);
    return session.revision > known ? session : undefined;
  });
  session ??= await relay.sessions.read(name);
  await exchange.sendJson(200, viewStatus(session, relay.sessions.clock().now));
};

export const reset: Handler = async ({ exchange, name }, relay) => {
  const cleared = await relay.sessions.update(name, resetSession, exchange);
  await exchange.sendJson(200, { reset: true, cleared });
};
