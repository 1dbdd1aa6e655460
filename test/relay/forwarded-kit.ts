import { expect } from 'vitest';
import { sendRaw } from '../harness/raw-connection.ts';
import type { Relay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';

/** Creates a session. The result is the base URL of all URLs in the response, or the status of a refusal. */
export async function makeWith(relay: Relay, headers: string[], host?: string): Promise<string | number> {
  const lines = [
    'POST /api/session HTTP/1.1',
    `Host: ${host ?? `127.0.0.1:${relay.port}`}`,
    'Content-Length: 0',
    ...headers,
  ];
  const answer = await sendRaw(relay, `${lines.join('\r\n')}\r\n\r\n`);
  if (answer === 'closed' || answer.status !== 201) return answer === 'closed' ? 0 : answer.status;
  const {
    key,
    listener_key: listenerKey,
    urls,
    exec,
    remote_quickstart: line,
  } = JSON.parse(answer.text) as SessionPayload;
  const base = urls.api.slice(0, urls.api.indexOf('/api/session/'));
  // All URLs have the same base, and the line allows only its scheme.
  expect(urls).toEqual({
    api: `${base}/api/session/${key}`,
    cmd: `${base}/cmd-${key}`,
    result: `${base}/result-${key}`,
    runner: `${base}/r/${key}`,
  });
  expect(exec).toContain(`'${base}/cmd-${key}'`);
  const scheme = base.slice(0, base.indexOf(':'));
  expect(line).toBe(`curl -q -fsSL -g --proto '=${scheme}' '${base}/r/${listenerKey}' | bash`);
  return base.replace(`127.0.0.1:${relay.port}`, 'OWN');
}
