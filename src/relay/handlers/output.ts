/** `GET …/output`: bytes from an offset, live, by as many readers as like. */
import { isEnded } from '../../protocol/command-states.ts';
import { Refusal } from '../../protocol/errors.ts';
import { header } from '../../protocol/headers.ts';
import { maxReadBytes } from '../../protocol/limits.ts';
import type { Command } from '../../session/command.ts';
import { findCommand, type Stream } from '../../session/session.ts';
import type { Exchange, HeaderValues } from '../exchange.ts';
import { pieceBytes, readPieces } from '../read-pieces.ts';
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

interface Reading {
  command: Command;
  sizes: Record<Stream, number>;
}

export const readOutput: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const offsets = parseOffsets(exchange);
  const knownState = exchange.query.get('state');
  const streams = Object.keys(offsets) as Stream[];

  const look = async (): Promise<Reading> => {
    // The state before the sizes: once it says that the command ended, the sizes are final.
    const command = findCommand(await sessions.read(name), route.id);
    const stdout = await sessions.store.size(name, route.id, 'stdout');
    const stderr = await sessions.store.size(name, route.id, 'stderr');
    return { command, sizes: { stdout, stderr } };
  };
  const isNews = ({ command, sizes }: Reading): boolean =>
    isEnded(command.state) ||
    (knownState !== null && command.state !== knownState) ||
    streams.some((stream) => sizes[stream] > (offsets[stream] ?? 0));
  const waited = await sessions.waitFor(name, exchange.waitMs(0), exchange, async () => {
    const reading = await look();
    return isNews(reading) ? reading : undefined;
  });

  const { command, sizes } = waited ?? (await look());
  const slices: { stream: Stream; offset: number; bytes: number }[] = [];
  let room = Math.min(exchange.count('limit', maxReadBytes), maxReadBytes);
  let complete = isEnded(command.state);
  const headers: HeaderValues = describe(command);
  for (const stream of streams) {
    const offset = offsets[stream] ?? 0;
    const available = Math.min(room, Math.max(0, sizes[stream] - offset));
    slices.push({ stream, offset, bytes: available });
    room -= available;
    if (offset + available < sizes[stream]) complete = false;
    headers[stream === 'stdout' ? header.stdoutBytes : header.stderrBytes] = available;
    if (streams.length === 1) headers[header.nextOffset] = offset + available;
  }
  headers[header.complete] = String(complete);
  async function* readAll(): AsyncGenerator<Buffer> {
    for (const slice of slices) yield* readPieces(sessions.store, name, route.id, slice);
  }
  const length = slices.reduce((sum, { bytes }) => sum + bytes, 0);
  if (length > pieceBytes) {
    return exchange.sendChunks({ 'content-type': 'application/octet-stream', ...headers }, length, readAll());
  }
  // Little is read before the first word of the answer: what fails can still be said.
  const parts: Buffer[] = [];
  for await (const piece of readAll()) parts.push(piece);
  return exchange.sendBytes(Buffer.concat(parts), headers);
};
