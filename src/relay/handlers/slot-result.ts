/** `/result-{key}`: the seed's door for results. */
import { declinedText, notePrefix, renderMarker } from '../../protocol/slot-text.ts';
import type { Command } from '../../session/command.ts';
import { peekResult, postToSlot, takeResult } from '../../session/serve-slots.ts';
import type { Store } from '../../store/store.ts';
import { readBody } from '../read-body.ts';
import { readPieces } from '../read-pieces.ts';
import type { Handler } from '../relay-context.ts';
import { slotWaitMs } from './slot-command.ts';

export const postSlotResult: Handler = async ({ exchange, name }, relay) => {
  const output = await readBody(exchange, { maxBytes: relay.options.maxBodyBytes });
  const { sessions } = relay;
  await sessions.quotas.reserveOutput(name, output.byteLength, () =>
    sessions.update(name, (session, now) => postToSlot(session, output, now), exchange),
  );
  await exchange.sendText(201, 'queued');
};

/** What stands before the output, in words. */
function renderNote(command: Command): string {
  if (command.state === 'declined') return `${[declinedText, command.reason].filter(Boolean).join(' ')}\n`;
  if (command.state === 'finished') return '';
  if (command.state === 'timed_out') return `${notePrefix}stopped: its time was up]\n`;
  return `${notePrefix}${command.reason ?? command.state}]\n`;
}

async function* readResult(
  store: Store,
  name: string,
  command: Command,
  size: number,
  ends: [string, string],
): AsyncGenerator<Buffer> {
  yield Buffer.from(ends[0]);
  yield* readPieces(store, name, command.id, { stream: 'stdout', offset: 0, bytes: size });
  yield Buffer.from(ends[1]);
}

export const takeSlotResult: Handler = async ({ exchange, name }, relay) => {
  const { sessions, slotReads } = relay;
  const waitMs = slotWaitMs(exchange, relay.options.longPollMs);
  const command = await sessions.waitFor(name, waitMs, exchange, async () => {
    const found = peekResult(await sessions.read(name));
    if (!found || slotReads.has(`${name} ${found.id}`)) return undefined;
    slotReads.add(`${name} ${found.id}`);
    return found;
  });
  if (!command) return exchange.sendNothing();
  let whole = false;
  try {
    const { store } = sessions;
    const size = await store.size(name, command.id, 'stdout');
    const last = size === 0 ? undefined : (await store.readBytes(name, command.id, 'stdout', size - 1, 1))[0];
    const marker = renderMarker(command.exitStatus, last === undefined || last === 0x0a);
    const note = renderNote(command);
    const length = Buffer.byteLength(note) + size + Buffer.byteLength(marker);
    whole = await exchange.sendChunks(
      { 'content-type': 'application/octet-stream' },
      length,
      readResult(store, name, command, size, [note, marker]),
    );
  } finally {
    slotReads.delete(`${name} ${command.id}`);
    // Taken out only now that it was written whole to a live socket; a reader that went away leaves it to the next one.
    await sessions.update(
      name,
      (session) => (whole ? takeResult(session, command.id) : { session: { ...session }, result: undefined }),
      exchange,
    );
  }
  return undefined;
};

export const dropSlotResult: Handler = async ({ exchange, name }, relay) => {
  await relay.sessions.update(name, (session) => takeResult(session, null), exchange);
  await exchange.sendNothing();
};
