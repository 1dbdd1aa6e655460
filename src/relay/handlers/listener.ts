/** Handlers for the requests of listeners: next, start, decline, control, output, finish, leave. */
import { isEnded } from '../../protocol/command-states.ts';
import { Refusal } from '../../protocol/errors.ts';
import { renderFrameEnd, renderFrameHead } from '../../protocol/frame.ts';
import { header } from '../../protocol/headers.ts';
import { maxChunkBytes, maxLabelLength, maxReasonLength } from '../../protocol/limits.ts';
import { readLabel } from '../../protocol/name-listener.ts';
import { appendOutput } from '../../session/append-bytes.ts';
import type { Command } from '../../session/command.ts';
import type { Chunk } from '../../session/extend-flow.ts';
import type { ListenerIdentity } from '../../session/listener.ts';
import { noteRefusedOutput } from '../../session/missing-output.ts';
import {
  declineCommand,
  finishCommand,
  acknowledgeStart,
  leaveListener,
  claimNext,
  startCommand,
} from '../../session/serve-listener.ts';
import { findCommand } from '../../session/session.ts';
import type { Exchange } from '../exchange.ts';
import { openScript } from '../open-script.ts';
import { readBody } from '../read-body.ts';
import { releaseBuffer } from '../release-buffer.ts';
import type { Handler, RelayContext } from '../relay-context.ts';
import { cutChars } from '../../text/cut-text.ts';
import { hideKeys } from '../../text/hide-keys.ts';

export function readListenerId(exchange: Exchange): string {
  const id = exchange.header(header.listener);
  if (!/^[A-Za-z0-9-]{8,64}$/.test(id)) throw new Refusal('bad_parameter', header.listener);
  return id;
}

/**
 * A name that the listener gave for itself, reduced to printable ASCII without keys, since the relay stores, shows and
 * logs it.
 */
function hideName(exchange: Exchange, name: string): string {
  return hideKeys(exchange.header(name))
    .slice(0, maxLabelLength)
    .replaceAll(/[^\x20-\x7e]/g, '?');
}

function readIdentity(exchange: Exchange): ListenerIdentity {
  return {
    id: readListenerId(exchange),
    kind: 'runner',
    host: readLabel(hideName(exchange, header.host)),
    user: readLabel(hideName(exchange, header.user)),
    // A listener is supervised unless it reports auto mode.
    mode: exchange.header(header.mode) === 'auto' ? 'auto' : 'supervised',
  };
}

export const lookAtNext: Handler = async ({ exchange, name }, relay) => {
  const { sessions } = relay;
  const identity = readIdentity(exchange);
  const had = exchange.query.get('had');
  relay.presence.hold(name, identity.id, exchange);
  const waitMs = exchange.waitMs(relay.options.longPollMs);
  const command = await relay.polls.waitFor(name, waitMs, exchange, () =>
    sessions.update(name, (session, now) => claimNext(session, identity, now, had), exchange),
  );
  if (!command) return exchange.sendNothing();
  const { id, merge, timeoutSeconds, scriptBytes, pushedBy: from } = command;
  const frame = { id, merge, stdin: command.stdin !== 'none', timeoutSeconds, from, scriptBytes };
  const script = await openScript(sessions, name, command);
  if (!script) return exchange.sendNothing();
  relay.nextAnswers.begin(name, identity.id, exchange);
  const head = renderFrameHead(frame);
  const end = renderFrameEnd(frame);
  if (Array.isArray(script)) return exchange.sendBytes(Buffer.concat([head, ...script, end]));
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    yield* script;
    yield end;
  };
  const length = head.byteLength + scriptBytes + end.byteLength;
  return exchange.sendChunks(length, pieces());
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
  const reason = cutChars(words.toString('utf8').trim(), maxReasonLength);
  await relay.sessions.update(
    name,
    (session, now) => declineCommand(session, route.id, listenerId, reason, now),
    exchange,
  );
  await exchange.sendText(200, 'declined');
};

/** The relay holds the request until the command has ended, or there are more signals for it than `?seen=`. */
export const readControl: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const listenerId = readListenerId(exchange);
  const seen = exchange.count('seen', 0);
  relay.presence.hold(name, listenerId, exchange);
  await sessions.update(
    name,
    (session, now) => acknowledgeStart(session, route.id, listenerId, now),
    exchange,
  );
  const waitMs = exchange.waitMs(relay.options.longPollMs);
  const news = await relay.polls.waitFor(name, waitMs, exchange, async () => {
    const session = await sessions.read(name);
    const { listener } = session;
    // Another socket of this listener closed, at this or another relay: this open request shows that the listener is alive.
    if (listener?.id === listenerId && listener.goneAt !== null)
      await relay.presence.see(name, listenerId, exchange);
    const command = findCommand(session, route.id);
    return isEnded(command.state) || command.cancelCount > seen ? command : undefined;
  });
  if (!news) return exchange.sendNothing();
  const signal = news.cancelCount > seen ? [`signal ${news.cancelSignal} ${news.cancelCount}`] : [];
  return exchange.sendText(200, [`state ${news.state}`, ...signal].join('\n'));
};

/** If a quota refuses output, the listener may never send it again: records that some is missing, for later readers. */
async function noteRefusal<T>(
  relay: RelayContext,
  name: string,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isQuota =
      error instanceof Refusal && (error.code === 'session_quota' || error.code === 'address_quota');
    if (isQuota) await relay.sessions.update(name, (session) => noteRefusedOutput(session, id), null, false);
    throw error;
  }
}

/** How many bytes of output are missing, as the listener counted them; null if it did not count. */
function readCut(exchange: Exchange): Command['cut'] {
  if (!exchange.query.has('stdout_cut') && !exchange.query.has('stderr_cut')) return null;
  return { stdout: exchange.count('stdout_cut', 0), stderr: exchange.count('stderr_cut', 0) };
}

export const postOutput: Handler = async ({ exchange, name, route }, relay) => {
  const listenerId = readListenerId(exchange);
  const stream = exchange.query.get('stream');
  if (stream !== 'stdout' && stream !== 'stderr') throw new Refusal('bad_parameter', 'stream');
  const offset = exchange.count('offset', 0);
  relay.presence.holdUpload(name, listenerId, exchange);
  const bytes = await readBody(exchange, { maxBytes: maxChunkBytes, maxDecodedBytes: maxChunkBytes });
  const chunk = { flow: stream, offset, bytes } as const;
  const next = await noteRefusal(relay, name, route.id, () =>
    relay.sessions.update(
      name,
      (session, now) => appendOutput(session, route.id, listenerId, chunk, now),
      exchange,
    ),
  );
  if (relay.sessions.store.copiesPieces) releaseBuffer(bytes);
  await exchange.sendText(200, String(next), { [header.nextOffset]: next });
};

/**
 * The end of a run with the rest of its output: the body has `stdout_bytes` of stdout, which belong at `stdout_offset`,
 * then `stderr_bytes` of stderr, which belong at `stderr_offset`. One update stores output and state: a client that
 * reads `finished` can read all output.
 */
export const finish: Handler = async ({ exchange, name, route }, relay) => {
  const listenerId = readListenerId(exchange);
  const exitStatus = exchange.count('exit_status', Number.NaN);
  if (!(exitStatus <= 255)) throw new Refusal('bad_parameter', 'exit_status');
  const signal = exchange.query.get('signal');
  if (signal !== null && !/^[A-Z0-9+-]{1,12}$/.test(signal)) throw new Refusal('bad_parameter', 'signal');
  relay.presence.holdUpload(name, listenerId, exchange);
  const body = await readBody(exchange, { maxBytes: maxChunkBytes, maxDecodedBytes: maxChunkBytes });
  const stdoutBytes = exchange.count('stdout_bytes', body.byteLength);
  const stderrBytes = exchange.count('stderr_bytes', 0);
  if (stdoutBytes + stderrBytes !== body.byteLength) throw new Refusal('body_cut');
  const [stdoutOffset, stderrOffset] = [
    exchange.count('stdout_offset', 0),
    exchange.count('stderr_offset', 0),
  ];
  const rest: Chunk[] = [
    { flow: 'stdout', offset: stdoutOffset, bytes: body.subarray(0, stdoutBytes) },
    { flow: 'stderr', offset: stderrOffset, bytes: body.subarray(stdoutBytes) },
  ];
  const timedOut = exchange.query.get('timed_out') === '1';
  const end = {
    exitStatus,
    signal,
    timedOut,
    rest,
    cut: readCut(exchange),
    isCut: exchange.query.get('cut') === 'unknown',
  };
  await noteRefusal(relay, name, route.id, () =>
    relay.sessions.update(
      name,
      (session, now) => finishCommand(session, route.id, listenerId, end, now),
      exchange,
    ),
  );
  if (relay.sessions.store.copiesPieces) releaseBuffer(body);
  return exchange.sendText(200, 'finished');
};
