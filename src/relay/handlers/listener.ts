/** What the runner asks and tells: the listener side of the wire. */
import { Refusal } from '../../protocol/errors.ts';
import { renderFrame } from '../../protocol/frame.ts';
import { header } from '../../protocol/headers.ts';
import { maxChunkBytes, maxLabelLength, maxReasonLength } from '../../protocol/limits.ts';
import { discardDamaged } from '../../session/cancel-command.ts';
import { isWaiting } from '../../session/command.ts';
import type { ListenerIdentity } from '../../session/listener.ts';
import {
  declineCommand,
  findOwn,
  finishCommand,
  hearOf,
  leaveListener,
  lookForNext,
  startCommand,
} from '../../session/serve-listener.ts';
import { findCommand } from '../../session/session.ts';
import type { Exchange } from '../exchange.ts';
import { hideKeys } from '../log-words.ts';
import { readBody } from '../read-body.ts';
import type { Handler } from '../relay-context.ts';

export function readListenerId(exchange: Exchange): string {
  const id = exchange.header(header.listener);
  if (!/^[A-Za-z0-9-]{8,64}$/.test(id)) throw new Refusal('bad_parameter', header.listener);
  return id;
}

/** What the listener says of itself, cut down to printable ASCII without a key in it: it is stored, shown and logged. */
function readLabel(exchange: Exchange, name: string): string {
  return hideKeys(exchange.header(name))
    .slice(0, maxLabelLength)
    .replaceAll(/[^\x20-\x7e]/g, '?');
}

function readIdentity(exchange: Exchange): ListenerIdentity {
  return {
    id: readListenerId(exchange),
    kind: 'runner',
    host: readLabel(exchange, header.host),
    user: readLabel(exchange, header.user),
    // Whoever does not say that it runs things unasked is supervised.
    mode: exchange.header(header.mode) === 'auto' ? 'auto' : 'supervised',
  };
}

export const lookAtNext: Handler = async ({ exchange, name }, relay) => {
  const { sessions } = relay;
  const identity = readIdentity(exchange);
  const had = exchange.query.get('had');
  relay.presence.hold(name, identity.id, exchange);
  const waitMs = exchange.waitMs(relay.options.longPollMs);
  const command = await sessions.waitFor(name, waitMs, exchange, () =>
    sessions.update(name, (session, now) => lookForNext(session, identity, now, had), exchange),
  );
  if (!command) return exchange.sendNothing();
  const { id, merge, timeoutSeconds, scriptBytes, pushedBy: from } = command;
  const stdin = command.stdin !== 'none';
  const script = await sessions.store.readBytes(name, id, 'script', 0, scriptBytes);
  if (script.byteLength !== scriptBytes) {
    await sessions.update(name, (session, now) => discardDamaged(session, id, now), null);
    return exchange.sendNothing();
  }
  return exchange.sendBytes(renderFrame({ id, merge, stdin, timeoutSeconds, from, script }));
};

export const leave: Handler = async ({ exchange, name }, relay) => {
  const listenerId = readListenerId(exchange);
  await relay.sessions.update(
    name,
    (session, now) => leaveListener(session, listenerId, now),
    exchange,
    false,
  );
  await exchange.sendNothing();
};

export const start: Handler = async ({ exchange, name, route }, relay) => {
  const listenerId = readListenerId(exchange);
  await relay.sessions.update(
    name,
    (session, now) => startCommand(session, route.id, listenerId, now),
    exchange,
  );
  await exchange.sendText(200, 'started');
};

export const decline: Handler = async ({ exchange, name, route }, relay) => {
  const listenerId = readListenerId(exchange);
  const words = await readBody(exchange, { maxBytes: maxReasonLength * 4 });
  const reason = words.toString('utf8').trim().slice(0, maxReasonLength).toWellFormed();
  await relay.sessions.update(
    name,
    (session, now) => declineCommand(session, route.id, listenerId, reason, now),
    exchange,
  );
  await exchange.sendText(200, 'declined');
};

/** Held until the command is no longer the listener's to run, or a signal beyond `?seen=` is to be delivered. */
export const readControl: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const listenerId = readListenerId(exchange);
  const seen = exchange.count('seen', 0);
  relay.presence.hold(name, listenerId, exchange);
  await sessions.update(name, (session, now) => hearOf(session, route.id, listenerId, now), exchange);
  const news = await sessions.waitFor(name, exchange.waitMs(relay.options.longPollMs), exchange, async () => {
    const command = findCommand(await sessions.read(name), route.id);
    const open = isWaiting(command) || command.state === 'running';
    return !open || command.cancelCount > seen ? command : undefined;
  });
  if (!news) return exchange.sendNothing();
  const signal = news.cancelCount > seen ? [`signal ${news.cancelSignal} ${news.cancelCount}`] : [];
  return exchange.sendText(200, [`state ${news.state}`, ...signal].join('\n'));
};

export const postOutput: Handler = async ({ exchange, name, route }, relay) => {
  const listenerId = readListenerId(exchange);
  const stream = exchange.query.get('stream');
  if (stream !== 'stdout' && stream !== 'stderr') throw new Refusal('bad_parameter', 'stream');
  const offset = exchange.count('offset', 0);
  await relay.presence.holdUpload(name, listenerId, exchange);
  const bytes = await readBody(exchange, { maxBytes: maxChunkBytes });
  if (bytes.byteLength > maxChunkBytes) throw new Refusal('too_large');
  const command = await relay.sessions.update(
    name,
    (session, now) => hearOf(session, route.id, listenerId, now),
    exchange,
  );
  if (command.state !== 'running' && command.state !== 'lost')
    throw new Refusal('not_startable', command.state);
  const next = await relay.sessions.append(name, route.id, stream, offset, bytes);
  await exchange.sendText(200, String(next), { [header.nextOffset]: next });
};

/**
 * The end of a run with the rest of its output: `stdout_bytes` and `stderr_bytes` of the body, in this order, belong at
 * `stdout_offset` and `stderr_offset`. Output first, then the state: whoever reads `finished` finds all of it.
 */
export const finish: Handler = async ({ exchange, name, route }, relay) => {
  const listenerId = readListenerId(exchange);
  const exitStatus = exchange.count('exit_status', Number.NaN);
  if (!(exitStatus <= 255)) throw new Refusal('bad_parameter', 'exit_status');
  const signal = exchange.query.get('signal');
  if (signal !== null && !/^[A-Z0-9+-]{1,12}$/.test(signal)) throw new Refusal('bad_parameter', 'signal');
  await relay.presence.holdUpload(name, listenerId, exchange);
  const body = await readBody(exchange, { maxBytes: 2 * maxChunkBytes });
  const stdoutBytes = exchange.count('stdout_bytes', body.byteLength);
  const stderrBytes = exchange.count('stderr_bytes', 0);
  if (stdoutBytes + stderrBytes !== body.byteLength) throw new Refusal('body_cut');
  // Whose command it is comes first: nobody else's bytes get in.
  const { state } = findOwn(await relay.sessions.read(name), route.id, listenerId);
  if (state === 'finished' || state === 'timed_out') return exchange.sendText(200, 'finished');
  if (state !== 'running' && state !== 'lost') throw new Refusal('not_startable', state);
  const { sessions } = relay;
  await sessions.append(
    name,
    route.id,
    'stdout',
    exchange.count('stdout_offset', 0),
    body.subarray(0, stdoutBytes),
  );
  await sessions.append(
    name,
    route.id,
    'stderr',
    exchange.count('stderr_offset', 0),
    body.subarray(stdoutBytes),
  );
  const timedOut = exchange.query.get('timed_out') === '1';
  await relay.sessions.update(
    name,
    (session, now) => finishCommand(session, route.id, listenerId, { exitStatus, signal, timedOut }, now),
    exchange,
  );
  return exchange.sendText(200, 'finished');
};
