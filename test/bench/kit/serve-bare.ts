/** The child process of bare-server.ts: receives the answers from the parent, sends it the port, and ends with it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Step } from './session-driver.ts';

export type Recorded = Record<Step, Answer>;

/** Headers that node:http adds itself. */
const ownHeaders = ['connection', 'date', 'keep-alive'];

function chooseStep(method: string, path: string): Step {
  if (path.includes('/finish')) return 'finish';
  if (path.includes('/output')) return 'output';
  return method === 'POST' ? 'push' : 'next';
}

const [answers] = (await once(process, 'message')) as [Recorded];
const ready = Object.entries(answers).map(([step, { status, headers, body }]) => {
  const kept = Object.entries(headers).filter(([name]) => !ownHeaders.includes(name));
  return [step, { status, headers: Object.fromEntries(kept), body: Buffer.from(body) }] as const;
});
const byStep = new Map<string, (typeof ready)[number][1]>(ready);
const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const { method = '', url = '' } = request;
  const answer = byStep.get(chooseStep(method, url));
  const send = (): void => void response.writeHead(answer?.status ?? 500, answer?.headers).end(answer?.body);
  if (method === 'GET') send();
  else request.resume().once('end', send);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
process.send?.((server.address() as AddressInfo).port);
process.once('disconnect', () => process.exit());
