import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { useRelay } from '../harness/use-relay.ts';

// The memory of bodies and pieces is released and reused: bytes of one request must not appear in another.

const mib = 1024 * 1024;
const pieceBytes = 3 * mib;
const pieces = 6;

const relay = useRelay();

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function expectStatus(answer: Response, status: number): Promise<Response> {
  expect([answer.status, answer.status === status ? '' : await answer.text()]).toEqual([status, '']);
  return answer;
}

/** Sends and reads output and input of one command at the same time; resolves with the hashes of all four. */
async function transfer(): Promise<{ sent: string[]; read: string[] }> {
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  const { key, listener_key: listenerKey } = (await made.json()) as { key: string; listener_key: string };
  const ask = (isListener: boolean, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${relay.url}/api/session/self${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${isListener ? listenerKey : key}`,
        ...(isListener && { 'remotify-listener': 'released-bodies-1', 'remotify-mode': 'auto' }),
      },
    });
  await ask(false, '/commands?stdin=1', { method: 'POST', body: 'true' });
  await (await ask(true, '/next?wait=1')).text();
  const whole = { out: randomBytes(pieces * pieceBytes), in: randomBytes(pieces * pieceBytes) };
  const pathOf = { out: '/commands/c1/output?stream=stdout', in: '/commands/c1/stdin?' };
  const send = async (way: 'out' | 'in'): Promise<void> => {
    for (let at = 0; at < whole[way].byteLength; at += pieceBytes) {
      const body = whole[way].subarray(at, at + pieceBytes);
      const method = way === 'out' ? 'POST' : 'PUT';
      // Repeats the beginning: the relay has these bytes already, and stores none of this body.
      for (const offset of [at, 0]) {
        const part = offset === at ? body : whole[way].subarray(0, mib);
        const answer = await ask(way === 'out', `${pathOf[way]}&offset=${offset}`, { method, body: part });
        await (await expectStatus(answer, 200)).text();
      }
    }
  };
  const read = async (way: 'out' | 'in'): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (let at = 0; at < whole[way].byteLength; ) {
      const answer = await ask(way === 'in', `${pathOf[way]}&offset=${at}&wait=5&limit=${4 * mib}`);
      if (answer.status === 204) continue;
      const part = Buffer.from(await (await expectStatus(answer, 200)).arrayBuffer());
      parts.push(part);
      at += part.byteLength;
    }
    return Buffer.concat(parts);
  };
  const [, , out, into] = await Promise.all([send('out'), send('in'), read('out'), read('in')]);
  return { sent: [whole.out, whole.in].map(hash), read: [out, into].map(hash) };
}

test('three sessions that send and read output and input at once: all bytes arrive unchanged', async () => {
  for (const { sent, read } of await Promise.all([transfer(), transfer(), transfer()]))
    expect(read).toEqual(sent);
});

test('command of 600 KB for a slot listener: it arrives unchanged', async () => {
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  const { key } = (await made.json()) as { key: string };
  const lines = Array.from({ length: 20_000 }, (_, line) => `echo the line number ${line}`);
  const script = lines.join('\n');
  const pushed = await fetch(`${relay.url}/api/session/self/commands`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: script,
  });
  expect(pushed.ok).toBe(true);
  const taken = await (await fetch(`${relay.url}/cmd-${key}`)).text();
  // Each line must be complete; the wrapper around the script is ignored.
  const missing = lines.filter((line) => !taken.includes(`${line}\n`) && !taken.includes(`${line}'`));
  expect(missing).toEqual([]);
});
