import { once } from 'node:events';
import { truncate, readdir } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { untilPassed, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { makeClient } from '../harness/client.ts';
import { forTest } from '../harness/for-test.ts';

test('upload of a result takes longer than the grace for a closed socket: the command is running, then finished', {
  timeout: 60_000,
}, async () => {
  const relay = await forTest(startRelay());
  const session = await makeSession(relay);
  const own = `${relay.url}/api/session/self`;
  const as = [
    '-H',
    `Authorization: Bearer ${session.listener_key}`,
    '-H',
    'Remotify-Listener: slow-listener',
  ];
  await curl([`${session.urls.api}/commands`, '--data-binary', 'echo one']);
  const taken = await curl([...as, '-H', 'Remotify-Mode: auto', `${own}/next?wait=0`]);
  expect(taken.text).toMatch(/^remotify\/1 run c1 /);
  // The heartbeat ends with the command: its socket closes without a response.
  await curl([...as, '--max-time', '0.3', `${own}/commands/c1/control?wait=20`]);
  const body = 'x'.repeat(1_000);
  const upload = request(`${own}/commands/c1/finish?exit_status=0&stdout_offset=0&stdout_bytes=1000`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${session.listener_key}`,
      'remotify-listener': 'slow-listener',
      'content-length': '1000',
    },
  });
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
  upload.write(body.slice(0, 500));
  await untilPassed('more than the grace of a closed socket', 11_500);
  const status = (await curl([`${session.urls.api}/commands/c1`])).json<{ state: string }>();
  expect(status.state).toBe('running');
  upload.end(body.slice(500));
  const [answer] = await withDeadline(answered, 10_000, 'the relay accepts the result');
  answer.resume();
  expect(answer.statusCode).toBe(200);
  expect((await curl([`${session.urls.api}/commands/c1`])).json()).toMatchObject({ state: 'finished' });
});

test('script damaged on the disk of the relay: the command never runs, and logs -f reports why', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const store = `file:${folder.path}/store`;
  const before = await forTest(startRelay({ store }));
  const client = await forTest(makeClient(before));
  const line = await client.makeSession('--auto');
  const trace = join(folder.path, 'trace');
  const { text: id } = await client.run(['exec', '-d', `touch '${trace}'; echo this is the rest of it`]);
  const [name = ''] = await readdir(`${folder.path}/store/sessions`);
  // A power cut loses bytes that were not synced.
  await before.kill('SIGKILL');
  await truncate(`${folder.path}/store/sessions/${name}/${id.trim()}/script`, `touch '${trace}'`.length);
  await forTest(startRelay({ store, port: Number(new URL(before.url).port) }));
  await forTest(startListener(line));
  const { exitCode, stderr } = await client.run(['logs', '-f', id.trim()]);
  expect(exitCode).toBe(255);
  expect(stderr).toContain('its text is damaged on the relay; it never ran');
  expect((await client.run(['exec', 'echo next'])).text).toBe('next\n');
  expect(await readdir(folder.path)).not.toContain('trace');
});
