/** Commands as a resource: push, look, list, cancel. */
import { isSignal, isEnded } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { Refusal } from '../../protocol/errors.ts';
import { header } from '../../protocol/headers.ts';
import {
  defaultQueueSeconds,
  maxIdempotencyKeyLength,
  maxQueueSeconds,
  maxScriptBytes,
} from '../../protocol/limits.ts';
import { cancelCommand } from '../../session/cancel-command.ts';
import { type Command, viewCommand } from '../../session/command.ts';
import { pushCommand } from '../../session/push-command.ts';
import { findCommand, queuePosition, type Session } from '../../session/session.ts';
import type { Store } from '../../store/store.ts';
import type { Exchange } from '../exchange.ts';
import { readBody } from '../read-body.ts';
import type { Handler } from '../relay-context.ts';
import { checkScript, digestScript, readClient } from '../script.ts';

async function view(store: Store, session: Session, command: Command): Promise<CommandView> {
  const [stdout, stderr] = await Promise.all([
    store.size(session.name, command.id, 'stdout'),
    store.size(session.name, command.id, 'stderr'),
  ]);
  return viewCommand(command, { stdout, stderr }, queuePosition(session, command.id));
}

function readIdempotencyKey(exchange: Exchange): string | null {
  const key = exchange.header(header.idempotencyKey);
  if (key.length > maxIdempotencyKeyLength) throw new Refusal('bad_parameter', 'Idempotency-Key');
  return key === '' ? null : key;
}

export const pushToQueue: Handler = async ({ exchange, name }, relay) => {
  const options = {
    merge: exchange.query.get('merge') === '1',
    stdin: exchange.query.get('stdin') === '1' ? ('open' as const) : ('none' as const),
    timeoutSeconds: exchange.count('timeout', 0),
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
    scriptBytes: script.byteLength,
    digest,
    idempotencyKey,
    pushedBy: readClient(exchange),
    ...options,
  };
  const { sessions } = relay;
  const push = (): Promise<Command> =>
    sessions.update(name, (session, now) => pushCommand(session, given, script, now), exchange);
  // What is there already needs no room: it is answered as it was before.
  const { commands } = await sessions.read(name);
  const isKnown = idempotencyKey !== null && commands.some((one) => one.idempotencyKey === idempotencyKey);
  const command = isKnown ? await push() : await sessions.quotas.reserve(name, script.byteLength, push);
  const session = await sessions.read(name);
  await exchange.sendJson(201, await view(sessions.store, session, command));
};

export const listCommands: Handler = async ({ exchange, name }, relay) => {
  const session = await relay.sessions.read(name);
  const commands = session.commands.map((command) => view(relay.sessions.store, session, command));
  await exchange.sendJson(200, { commands: await Promise.all(commands) });
};

/** `?wait=` holds the answer until the state is another than `?state=`, or until the command ended where none is named. */
export const readCommand: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const known = exchange.query.get('state');
  await sessions.waitFor(name, exchange.waitMs(0), exchange, async () => {
    const { state } = findCommand(await sessions.read(name), route.id);
    return isEnded(state) || (known !== null && state !== known) ? true : undefined;
  });
  const session = await sessions.read(name);
  await exchange.sendJson(200, await view(sessions.store, session, findCommand(session, route.id)));
};

export const cancel: Handler = async ({ exchange, name, route }, relay) => {
  const signal = exchange.query.get('signal') ?? 'TERM';
  if (!isSignal(signal)) throw new Refusal('bad_parameter', 'signal');
  const { outcome, command } = await relay.sessions.update(
    name,
    (session, now) => cancelCommand(session, route.id, signal, now),
    exchange,
  );
  const session = await relay.sessions.read(name);
  const answer = { outcome, command: await view(relay.sessions.store, session, command) };
  await exchange.sendJson(outcome === 'signalled' ? 202 : 200, answer);
};
