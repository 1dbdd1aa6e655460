/** `GET …/output`: reads output from an offset, also while the command runs, for any number of clients at once. */
import { isEnded } from '../../protocol/command-states.ts';
import { Refusal } from '../../protocol/errors.ts';
import { header } from '../../protocol/headers.ts';
import { maxReadBytes, maxWantedBytes } from '../../protocol/limits.ts';
import type { Command } from '../../session/command.ts';
import { findMissingFrom, loseOutput, readableBytes } from '../../session/missing-output.ts';
import { findCommand, type Stream } from '../../session/session.ts';
import type { Store } from '../../store/store.ts';
import type { Admitted, Exchange, HeaderValues } from '../exchange.ts';
import { openSlice, type Pieces, pieceBytes, ShortPart, type Slice } from '../read-pieces.ts';
import { joinBuffers } from '../join-buffers.ts';
import type { Handler } from '../relay-context.ts';

type Offsets = Partial<Record<Stream, number>>;

/** One stream with `?stream=&offset=`; both with `?stdout=&stderr=`. */
function parseOffsets(exchange: Exchange): Offsets {
  const stream = exchange.query.get('stream');
  if (stream === null) return { stdout: exchange.count('stdout', 0), stderr: exchange.count('stderr', 0) };
  if (stream !== 'stdout' && stream !== 'stderr') throw new Refusal('bad_parameter', 'stream');
  return { [stream]: exchange.count('offset', 0) };
}

function describe(command: Command): HeaderValues {
  const { exitStatus, signal, reason, startedAt, endedAt } = command;
  return {
    [header.state]: command.state,
    ...(exitStatus !== null && { [header.exitStatus]: exitStatus }),
    ...(signal !== null && { [header.signal]: signal }),
    ...(reason !== null && { [header.reason]: encodeURIComponent(reason.toWellFormed()) }),
    ...(startedAt !== null && { [header.startedAt]: startedAt }),
    ...(startedAt !== null && endedAt !== null && { [header.durationMs]: endedAt - startedAt }),
  };
}

/** One response: its slice of each stream, and its headers. */
interface Plan {
  readonly slices: readonly Slice[];
  readonly headers: HeaderValues;
}

/**
 * How many of the unread bytes of each stream one response contains. Each stream may use half of the limit, plus what
 * the other stream does not need: a large backlog in one stream does not delay the other.
 */
function shareLimit(unread: readonly number[], limit: number): number[] {
  const [first = 0, second = 0] = unread;
  const taken = Math.min(first, Math.max(Math.floor(limit / 2), limit - second));
  return [taken, Math.min(second, limit - taken)];
}

function planAnswer(command: Command, offsets: Offsets, limit: number): Plan {
  const streams = Object.keys(offsets) as Stream[];
  const slices: Slice[] = [];
  let complete = isEnded(command.state);
  const headers = describe(command);
  const unread = streams.map((stream) =>
    Math.max(0, readableBytes(command, stream) - (offsets[stream] ?? 0)),
  );
  const shares = shareLimit(unread, limit);
  for (const [index, stream] of streams.entries()) {
    const offset = offsets[stream] ?? 0;
    const bytes = shares[index] ?? 0;
    slices.push({ part: stream, offset, bytes });
    if (bytes < (unread[index] ?? 0)) complete = false;
    headers[stream === 'stdout' ? header.stdoutBytes : header.stderrBytes] = bytes;
    if (streams.length === 1) headers[header.nextOffset] = offset + bytes;
  }
  headers[header.complete] = String(complete);
  const missing = findMissingFrom(command, offsets);
  if (missing && isEnded(command.state)) {
    headers[header.missingBytes] = missing.bytes;
    headers[header.missingReason] = missing.reason;
    // A client that does not know these two headers must not take the output for complete and the command for successful.
    if (command.exitStatus === 0) delete headers[header.exitStatus];
  }
  return { slices, headers };
}

async function sendPlan(
  { exchange, name, route }: Admitted,
  store: Store,
  { slices, headers }: Plan,
): Promise<boolean> {
  const opened: Pieces[] = [];
  for (const slice of slices) if (slice.bytes > 0) opened.push(await openSlice(store, name, route.id, slice));
  const length = slices.reduce((sum, { bytes }) => sum + bytes, 0);
  // Slices that fit in one piece are already in memory.
  const isRead = opened.every((pieces) => Array.isArray(pieces));
  if (isRead && length <= pieceBytes) return exchange.sendBytes(joinBuffers(opened.flat()), headers);
  const readAll = async function* (): AsyncGenerator<Buffer> {
    for (const pieces of opened) yield* pieces;
  };
  return exchange.sendChunks(length, readAll(), headers);
}

export const readOutput: Handler = async (admitted, relay) => {
  const { exchange, name, route } = admitted;
  const { sessions } = relay;
  const offsets = parseOffsets(exchange);
  const knownState = exchange.query.get('state');
  const limit = Math.min(exchange.count('limit', maxReadBytes), maxWantedBytes);
  const streams = Object.keys(offsets) as Stream[];
  const isNews = (command: Command): boolean =>
    isEnded(command.state) ||
    (knownState !== null && command.state !== knownState) ||
    streams.some((stream) => readableBytes(command, stream) > (offsets[stream] ?? 0));
  let seen: Command | undefined;
  await relay.polls.waitFor(name, exchange.waitMs(0), exchange, async () => {
    seen = findCommand(await sessions.read(name), route.id);
    return isNews(seen) ? true : undefined;
  });
  for (;;) {
    const command = seen ?? findCommand(await sessions.read(name), route.id);
    try {
      return await sendPlan(admitted, sessions.store, planAnswer(command, offsets, limit));
    } catch (error) {
      if (!(error instanceof ShortPart) || exchange.response.headersSent) throw error;
      // The output was evicted meanwhile, or is damaged: record how many bytes there are. The next attempt reports the
      // missing ones.
      const { end } = error;
      const stream = error.part as Stream;
      await sessions.update(name, (session) => loseOutput(session, route.id, stream, end), null);
      seen = undefined;
    }
  }
};
