import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RelayAnswer = { status: number; headers: Record<string, string>; body: string };

/** Changes an answer of the real relay; undefined for no change. */
export type Lie = (request: { method: string; path: string }, answer: RelayAnswer) => RelayAnswer | undefined;

export type LyingRelay = { url: string; stop: () => Promise<void> };

/** Starts a server that forwards requests to a real relay, and changes the answers that `lie` selects. */
export async function startLyingRelay(relay: { url: string }, lie: Lie): Promise<LyingRelay> {
  const answerTo = async (method: string, path: string, headers: Record<string, string>, body: Buffer) => {
    const init = { method, headers, redirect: 'manual' as const };
    const response = await fetch(relay.url + path, method === 'GET' ? init : { ...init, body });
    const kept = [...response.headers].filter(([name]) =>
      /^(?:content-type|location|remotify-.*)$/.test(name),
    );
    const answer = {
      status: response.status,
      headers: Object.fromEntries(kept),
      body: await response.text(),
    };
    return lie({ method, path: path.replace(/\?.*/, '') }, answer) ?? answer;
  };
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { authorization = '', 'idempotency-key': name = '' } = incoming.headers;
      const headers = { authorization, ...(name !== '' && { 'idempotency-key': String(name) }) };
      answerTo(incoming.method ?? 'GET', incoming.url ?? '/', headers, Buffer.concat(chunks))
        .then(({ status, headers: sent, body }) =>
          answer.writeHead(status, sent).end(status === 204 ? '' : body),
        )
        .catch(() => answer.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
