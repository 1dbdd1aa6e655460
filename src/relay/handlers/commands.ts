/** Handlers of the commands resource: push, read, list and cancel commands. */
import { isSignal, isEnded, noSignal } from '../../protocol/command-states.ts';
import { Refusal } from '../../protocol/errors.ts';
import { header } from '../../protocol/headers.ts';
import {
  defaultQueueSeconds,
  maxIdempotencyKeyLength,
  maxQueueSeconds,
  maxScriptBytes,
  maxTimeoutSeconds,
} from '../../protocol/limits.ts';
import { cancelCommand } from '../../session/cancel-command.ts';
import { pushCommand } from '../../session/push-command.ts';
import { findCommand, type Session } from '../../session/session.ts';
import { viewCommand } from '../../session/view-command.ts';
import type { Exchange } from '../exchange.ts';
import { readBody } from '../read-body.ts';
import type { Handler } from '../relay-context.ts';
import { checkScript, digestScript, readClient } from '../script.ts';
import { beginningOf } from '../../text/beginning-of.ts';

function readIdempotencyKey(exchange: Exchange): string | null {
  const key = exchange.header(header.idempotencyKey);
  if (key.length > maxIdempotencyKeyLength) throw new Refusal('bad_parameter', 'Idempotency-Key');
  return key === '' ? null : key;
}

export const pushToQueue: Handler = async ({ exchange, name }, relay) => {
  const options = {
    merge: exchange.query.get('merge') === '1',
    stdin: exchange.query.get('stdin') === '1' ? ('open' as const) : ('none' as const),
    timeoutSeconds: Math.min(exchange.count('timeout', 0), maxTimeoutSeconds),
    queueSeconds: Math.min(exchange.count('expires', defaultQueueSeconds), maxQueueSeconds),
  };
  const idempotencyKey = readIdempotencyKey(exchange);
  const script = await readBody(exchange, {
    maxBytes: Math.min(maxScriptBytes, relay.options.maxBodyBytes),
  });
  if (script.byteLength > maxScriptBytes) throw new Refusal('too_large');
  checkScript(script);
  const digest = digestScript(script, options);
  const given = {
    origin: 'commands' as const,
    text: beginningOf(script),
    scriptBytes: script.byteLength,
    digest,
    idempotencyKey,
    pushedBy: readClient(exchange),
    ...options,
  };
  const { after, result } = await relay.sessions.commit(
    name,
    (session, now) => pushCommand(session, given, script, now),
    exchange,
  );
  await exchange.sendJson(201, viewCommand(after, result));
};

export const listCommands: Handler = async ({ exchange, name }, relay) => {
  const session = await relay.sessions.read(name);
  const commands = session.commands.map((command) => viewCommand(session, command));
  await exchange.sendJson(200, { commands });
};

/** `?wait=` holds the response until the state differs from `?state=`; without `?state=`, until the command has ended. */
export const readCommand: Handler = async ({ exchange, name, route }, relay) => {
  const known = exchange.query.get('state');
  let session: Session | undefined;
  await relay.polls.waitFor(name, exchange.waitMs(0), exchange, async () => {
    session = await relay.sessions.read(name);
    const { state } = findCommand(session, route.id);
    return isEnded(state) || (known !== null && state !== known) ? true : undefined;
  });
  session ??= await relay.sessions.read(name);
  await exchange.sendJson(200, viewCommand(session, findCommand(session, route.id)));
};

export const cancel: Handler = async ({ exchange, name, route }, relay) => {
  const wanted = exchange.query.get('signal') ?? 'TERM';
  const signal = wanted === noSignal ? null : wanted;
  if (signal !== null && !isSignal(signal)) throw new Refusal('bad_parameter', 'signal');
  const { after, result } = await relay.sessions.commit(
    name,
    (session, now) => cancelCommand(session, route.id, signal, now),
    exchange,
  );
  const { outcome, command } = result;
  const answer = { outcome, command: viewCommand(after, command) };
  await exchange.sendJson(outcome === 'signalled' ? 202 : 200, answer);
};
