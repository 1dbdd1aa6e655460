/** `…/stdin`: input on its way from the client to the command. */
import { isEnded } from '../../protocol/command-states.ts';
import { Refusal } from '../../protocol/errors.ts';
import { header } from '../../protocol/headers.ts';
import { maxChunkBytes, maxReadBytes } from '../../protocol/limits.ts';
import { closeStdin, findOpenStdin } from '../../session/close-stdin.ts';
import { findOwn, hearOf } from '../../session/serve-listener.ts';
import { readBody } from '../read-body.ts';
import type { Handler } from '../relay-context.ts';
import { readListenerId } from './listener.ts';

export const putStdin: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const offset = exchange.count('offset', 0);
  const bytes = await readBody(exchange, { maxBytes: maxChunkBytes });
  if (bytes.byteLength > maxChunkBytes) throw new Refusal('too_large');
  const { stdin } = findOpenStdin(await sessions.read(name), route.id);
  const size = await sessions.store.size(name, route.id, 'stdin');
  // Repeating what came before the end is fine; adding to it is not.
  if (stdin === 'closed' && offset + bytes.byteLength > size) throw new Refusal('stdin_closed');
  const next = await sessions.append(name, route.id, 'stdin', offset, bytes);
  if (exchange.query.get('end') === '1') {
    await sessions.update(name, (session) => closeStdin(session, route.id), exchange);
  }
  await exchange.sendText(200, String(next), { [header.nextOffset]: next });
};

export const readStdin: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const listenerId = readListenerId(exchange);
  const offset = exchange.count('offset', 0);
  await sessions.update(name, (session, now) => hearOf(session, route.id, listenerId, now), exchange);
  const waitMs = exchange.waitMs(relay.options.longPollMs);
  const bytes = await sessions.waitFor(name, waitMs, exchange, async () => {
    // The state before the size: once it says that nothing follows, the size is final.
    const { stdin, state } = findOwn(await sessions.read(name), route.id, listenerId);
    const found = await sessions.store.readBytes(name, route.id, 'stdin', offset, maxReadBytes);
    return found.byteLength > 0 || stdin !== 'open' || isEnded(state) ? found : undefined;
  });
  return bytes ? exchange.sendBytes(bytes) : exchange.sendNothing();
};
