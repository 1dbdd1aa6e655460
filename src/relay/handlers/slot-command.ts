/** `/cmd-{key}`: the command slot of the original remotify.run API. */
import { wrapForSlot } from '../../protocol/slot-text.ts';
import { slotListenerId } from '../../session/listener.ts';
import { pushToSlot } from '../../session/push-command.ts';
import { dropFromSlot, pollSlot, returnToSlot, takeFromSlot } from '../../session/serve-slots.ts';
import type { Exchange } from '../exchange.ts';
import { openScript } from '../open-script.ts';
import { joinPieces } from '../read-pieces.ts';
import { readBody } from '../read-body.ts';
import type { Handler } from '../relay-context.ts';
import { checkScript, digestScript, readClient } from '../script.ts';
import { beginningOf } from '../../text/beginning-of.ts';

/** How long the relay holds a poll of a slot: its own long poll time, or 0 with `?nowait=1`. */
export function slotWaitMs(exchange: Exchange, longPollMs: number): number {
  const nowait = exchange.query.get('nowait');
  return nowait !== null && nowait !== '0' ? 0 : longPollMs;
}

export const pushSlotCommand: Handler = async ({ exchange, name }, relay) => {
  const script = await readBody(exchange, { maxBytes: relay.options.maxBodyBytes });
  checkScript(script);
  // The result slot has one stream, and a command in the slot never expires.
  const options = { merge: true, stdin: 'none', timeoutSeconds: 0, queueSeconds: null } as const;
  const given = {
    origin: 'slot' as const,
    text: beginningOf(script),
    scriptBytes: script.byteLength,
    digest: digestScript(script, options),
    idempotencyKey: null,
    pushedBy: readClient(exchange),
    ...options,
  };
  await relay.sessions.update(name, (session, now) => pushToSlot(session, given, script, now), exchange);
  await exchange.sendText(201, 'queued');
};

export const takeSlotCommand: Handler = async ({ exchange, name }, relay) => {
  const { sessions } = relay;
  relay.presence.hold(name, slotListenerId, exchange);
  await sessions.update(name, pollSlot, exchange);
  const waitMs = slotWaitMs(exchange, relay.options.longPollMs);
  const command = await relay.polls.waitFor(name, waitMs, exchange, () =>
    sessions.update(name, takeFromSlot, exchange),
  );
  if (!command) return exchange.sendNothing();
  const giveBack = (): Promise<void> =>
    sessions.update(name, (session, now) => returnToSlot(session, command.id, now), exchange, false);
  try {
    const script = await openScript(sessions, name, command);
    if (!script) return await exchange.sendNothing();
    // No byte has been sent yet: a listener that disconnected by now has not started the command.
    if (exchange.isGone) return giveBack();
    if (command.origin === 'slot') return await exchange.sendChunks(command.scriptBytes, script);
    // A client of the commands resource expects an exit status, which this listener does not report by itself. The
    // script is 1 MiB at most.
    return await exchange.sendBytes(wrapForSlot(await joinPieces(script)));
  } catch (error) {
    if (!exchange.response.headersSent) await giveBack();
    throw error;
  }
};

export const dropSlotCommand: Handler = async ({ exchange, name }, relay) => {
  await relay.sessions.update(name, dropFromSlot, exchange);
  await exchange.sendNothing();
};
