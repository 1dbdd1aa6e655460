import { randomUUID } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { chmod, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startRemote, waitForState } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { curl } from '../harness/curl.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A listener that knows neither its host name nor its user name.

const relay = useRelay();

test('a remote without a host name, a user name and a working `id`: both names are unknown', async () => {
  const tools = await forTest(makeTemporaryFolder());
  const id = join(tools.path, 'id');
  await writeFile(id, '#!/bin/sh\necho\n');
  await chmod(id, 0o755);
  const PATH = [tools.path, process.env['PATH']].join(delimiter);
  const remote = await forTest(startRemote(relay, { PATH, HOSTNAME: '', USER: '' }));
  const { listener } = await waitForState(
    remote,
    'the listener is connected',
    (state) => state.listener?.attached === true,
  );
  expect(listener).toMatchObject({ host: 'unknown', user: 'unknown' });
  expect(remote.listener.output()).toContain(
    'listening as unknown@unknown, runs commands without asking (Ctrl-C to quit)',
  );
});

test('a listener that sends no Remotify-Host and no Remotify-User: the relay uses unknown for both', async () => {
  const session = await makeSession(relay);
  const { status } = await curl([
    '-H',
    `Authorization: Bearer ${session.listener_key}`,
    '-H',
    `Remotify-Listener: ${randomUUID()}`,
    `${relay.url}/api/session/self/next?wait=0`,
  ]);
  expect(status).toBe(204);
  const { listener } = (await session.status()) as unknown as { listener: object };
  expect(listener).toMatchObject({ host: 'unknown', user: 'unknown' });
});
