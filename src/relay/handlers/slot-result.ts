/** `/result-{key}`: the result slot of the original remotify.run API. */
import { describeMissing } from '../../text/describe-missing.ts';
import type { MissingOutput } from '../../protocol/missing-output.ts';
import { randomUUID } from 'node:crypto';
import { slotReaderMs } from '../../protocol/limits.ts';
import { declinedText, notePrefix, renderMarker } from '../../protocol/slot-text.ts';
import type { Command } from '../../session/command.ts';
import { findMissingFrom, loseOutput, readableBytes } from '../../session/missing-output.ts';
import { claimResult, postToSlot, releaseResult, renewClaim, takeResult } from '../../session/serve-slots.ts';
import type { Store } from '../../store/store.ts';
import type { Admitted } from '../exchange.ts';
import { readBody } from '../read-body.ts';
import { openSlice, ShortPart } from '../read-pieces.ts';
import type { Handler, RelayContext } from '../relay-context.ts';
import { slotWaitMs } from './slot-command.ts';
import { nameState } from '../../text/name-state.ts';

export const postSlotResult: Handler = async ({ exchange, name }, relay) => {
  const output = await readBody(exchange, { maxBytes: relay.options.maxBodyBytes });
  await relay.sessions.update(name, (session, now) => postToSlot(session, output, now), exchange);
  await exchange.sendText(201, 'queued');
};

/** The note before the output: how the command ended, unless it finished. */
function renderNote({ state, reason }: Command): string {
  switch (state) {
    case 'declined':
      return `${[declinedText, reason].filter(Boolean).join(' ')}\n`;
    case 'finished':
      return '';
    case 'timed_out':
      return `${notePrefix}stopped: it timed out]\n`;
    case 'lost':
    case 'cancelled':
    case 'expired':
      return `${notePrefix}${reason ?? state}]\n`;
    // These states are never in the result slot.
    case 'queued':
    case 'awaiting_approval':
    case 'running':
      return `${notePrefix}${nameState(state)}]\n`;
  }
}

/** The note about missing output. It comes before the output, since readers of the slot look for notes at the beginning. */
function renderMissing(missing: MissingOutput): string {
  return `${notePrefix}${describeMissing(missing)}]\n`;
}

/** How many times the relay renews the claim on a result within its lifetime. */
const renewals = 3;

interface Whole {
  readonly length: number;
  readonly pieces: AsyncIterable<Buffer>;
}

/** The result as readers of the slot get it: a note, the output, and the exit status if it is not 0. */
async function openResult(store: Store, name: string, command: Command): Promise<Whole> {
  const bytes = readableBytes(command, 'stdout');
  const output = await openSlice(store, name, command.id, { part: 'stdout', offset: 0, bytes });
  const last = bytes === 0 ? undefined : (await store.readBytes(name, command.id, 'stdout', bytes - 1, 1))[0];
  const missing = findMissingFrom(command, { stdout: 0 });
  const note = renderNote(command) + (missing ? renderMissing(missing) : '');
  const marker = renderMarker(command.exitStatus, last === undefined || last === 0x0a);
  const readAll = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(note);
    yield* output;
    yield Buffer.from(marker);
  };
  return { length: Buffer.byteLength(note) + bytes + Buffer.byteLength(marker), pieces: readAll() };
}

/** Sends the result. Resolves with whether it was written completely to an open socket. */
async function sendResult(
  { exchange, name }: Admitted,
  { sessions }: RelayContext,
  command: Command,
  readerId: string,
): Promise<boolean> {
  const renewal = setInterval(() => {
    const renewed = sessions.update(name, (session, now) => renewClaim(session, readerId, now), null);
    renewed.catch(() => undefined);
  }, slotReaderMs / renewals).unref();
  try {
    const { length, pieces } = await openResult(sessions.store, name, command);
    return await exchange.sendChunks(length, pieces);
  } finally {
    clearInterval(renewal);
  }
}

export const takeSlotResult: Handler = async (admitted, relay) => {
  const { exchange, name } = admitted;
  const { sessions } = relay;
  const readerId = randomUUID();
  const waitMs = slotWaitMs(exchange, relay.options.longPollMs);
  const command = await relay.polls.waitFor(name, waitMs, exchange, async () => {
    const { slotResult, slotReader } = await sessions.read(name);
    if (slotResult === null || slotReader !== null) return undefined;
    return sessions.update(name, (session, now) => claimResult(session, readerId, now), exchange);
  });
  if (!command) return exchange.sendNothing();
  let isWhole = false;
  try {
    isWhole = await sendResult(admitted, relay, command, readerId);
  } catch (error) {
    if (!(error instanceof ShortPart) || exchange.response.headersSent) throw error;
    // The store has fewer bytes than recorded: record that. The reader gets a 204, polls again, and then gets the rest
    // with a note.
    const { end } = error;
    await sessions.update(name, (session) => loseOutput(session, command.id, 'stdout', end), null);
    return exchange.sendNothing();
  } finally {
    // Remove the result only if it was written completely to an open socket; otherwise the next reader gets it.
    await sessions.update(
      name,
      (session) => (isWhole ? takeResult(session, readerId) : releaseResult(session, readerId)),
      exchange,
    );
  }
  return undefined;
};

export const dropSlotResult: Handler = async ({ exchange, name }, relay) => {
  await relay.sessions.update(name, (session) => takeResult(session, null), exchange);
  await exchange.sendNothing();
};
