/** `…/stdin`: the client uploads stdin of a command, and the listener downloads it. */
import { header } from '../../protocol/headers.ts';
import { maxChunkBytes, maxReadBytes, maxWantedBytes } from '../../protocol/limits.ts';
import { appendStdin, hasStdinNews } from '../../session/append-bytes.ts';
import { findOwn, acknowledgeStart } from '../../session/serve-listener.ts';
import { readBody } from '../read-body.ts';
import { openSlice } from '../read-pieces.ts';
import type { Handler } from '../relay-context.ts';
import { releaseBuffer } from '../release-buffer.ts';
import { readListenerId } from './listener.ts';

export const putStdin: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const offset = exchange.count('offset', 0);
  const bytes = await readBody(exchange, { maxBytes: maxChunkBytes, maxDecodedBytes: maxChunkBytes });
  const isEnd = exchange.query.get('end') === '1';
  const next = await sessions.update(
    name,
    (session) => appendStdin(session, route.id, { offset, bytes }, isEnd),
    exchange,
  );
  if (sessions.store.copiesPieces) releaseBuffer(bytes);
  await exchange.sendText(200, String(next), { [header.nextOffset]: next });
};

export const readStdin: Handler = async ({ exchange, name, route }, relay) => {
  const { sessions } = relay;
  const listenerId = readListenerId(exchange);
  const offset = exchange.count('offset', 0);
  await sessions.update(
    name,
    (session, now) => acknowledgeStart(session, route.id, listenerId, now),
    exchange,
  );
  const waitMs = exchange.waitMs(relay.options.longPollMs);
  const command = await relay.polls.waitFor(name, waitMs, exchange, async () => {
    const own = findOwn(await sessions.read(name), route.id, listenerId);
    return hasStdinNews(own, offset) ? own : undefined;
  });
  if (!command) return exchange.sendNothing();
  const limit = Math.min(exchange.count('limit', maxReadBytes), maxWantedBytes);
  // An empty body means the end of stdin, so while input is left a response must have at least one byte.
  const wanted = Math.max(1, limit);
  const bytes = command.isEvicted ? 0 : Math.min(wanted, Math.max(0, command.stdinBytes - offset));
  const pieces = await openSlice(sessions.store, name, route.id, { part: 'stdin', offset, bytes });
  return exchange.sendChunks(bytes, pieces);
};
