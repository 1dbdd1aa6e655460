/** node:http in a process of its own that answers the four requests of a round trip with recorded answers, at once. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Step } from './session-driver.ts';

type Recorded = Record<Step, Answer>;

/** node:http adds these by itself. */
const ownHeaders = ['connection', 'date', 'keep-alive'];

export async function startBareServer(
  answers: Recorded,
): Promise<{ url: string; pid: number; stop: () => void }> {
  const child = fork(fileURLToPath(new URL('round-trips.ts', import.meta.url)), ['bare']);
  child.send(answers);
  const [port] = (await once(child, 'message')) as [number];
  // A parent that fails ends at once, and this process with it.
  child.unref();
  child.channel?.unref();
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? -1, stop: () => void child.kill() };
}

function chooseStep(method: string, path: string): Step {
  if (path.includes('/finish')) return 'finish';
  if (path.includes('/output')) return 'output';
  return method === 'POST' ? 'push' : 'next';
}

/** The other end: takes the answers from the parent, tells it the port, and ends with it. */
export async function serveBare(): Promise<void> {
  const [answers] = (await once(process, 'message')) as [Recorded];
  const ready = Object.entries(answers).map(([step, { status, headers, body }]) => {
    const kept = Object.entries(headers).filter(([name]) => !ownHeaders.includes(name));
    return [step, { status, headers: Object.fromEntries(kept), body: Buffer.from(body) }] as const;
  });
  const byStep = new Map(ready);
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    const { method = '', url = '' } = request;
    const answer = byStep.get(chooseStep(method, url));
    const send = (): void =>
      void response.writeHead(answer?.status ?? 500, answer?.headers).end(answer?.body);
    if (method === 'GET') send();
    else request.resume().once('end', send);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.send?.((server.address() as AddressInfo).port);
  process.once('disconnect', () => process.exit());
}
