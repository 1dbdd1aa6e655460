import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Listener, startListener } from './listener.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** The built runner. */
export const runnerPath = fileURLToPath(new URL('../../dist/runner.sh', import.meta.url));

export const handKey = '0123456789abcdef0123456789abcdef';

/** Starts a listener in auto mode directly from the runner's file, so that any server can be its relay. Stops it after the test. */
export async function startByHand(url: string, env: Record<string, string> = {}): Promise<Listener> {
  const values = { REMOTIFY_URL: url, REMOTIFY_LISTENER_KEY: handKey, REMOTIFY_MODE: 'auto' };
  const listener = await startListener(`exec bash '${runnerPath}'`, { ...values, ...env });
  onTestFinished(listener.stop);
  return listener;
}

type Answer = (request: IncomingMessage, response: ServerResponse, verb: string) => void;

export type ScriptedRelay = {
  url: string;
  port: number;
  /** The last word of each requested path: `next`, `finish`… */
  verbs: string[];
  /** Replaces the function that answers later requests. */
  answer: (own: Answer) => void;
  server: Server;
};

/** Starts a fake relay whose answers the test writes. Closes it after the test. */
export async function startScriptedRelay(answer: Answer): Promise<ScriptedRelay> {
  let current = answer;
  const verbs: string[] = [];
  const server = createServer((request, response) => {
    const verb = /\/(\w+)(?:\?|$)/.exec(request.url ?? '')?.[1] ?? '';
    verbs.push(verb);
    response.setHeader('Remotify-Version', '0');
    request.resume().once('end', () => current(request, response, verb));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    verbs,
    server,
    answer: (own) => {
      current = own;
    },
  };
}

/** Creates a PATH with a `sleep` that takes 0.01 s and logs the requested times, in order. */
export async function makeShortSleep(): Promise<{ PATH: string; times: () => Promise<string[]> }> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const log = join(folder.path, 'times');
  await writeFile(log, '');
  const path = join(folder.path, 'sleep');
  await writeFile(path, `#!/bin/sh\necho "$1" >>'${log}'\nexec /bin/sleep 0.01\n`);
  await chmod(path, 0o755);
  return {
    PATH: [folder.path, process.env['PATH']].join(delimiter),
    times: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
  };
}
