import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { type ResourceSession, openResource } from '../harness/resource.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// A listener that was silent for too long stays disconnected after a restart of its relay.

type Restarted = ResourceSession & { before: Relay; after: Relay };

const readAttached = async ({ ask }: ResourceSession) =>
  (await ask('GET', '/status')).json<{ listener: { attached: boolean } }>().listener.attached;

async function setUp(): Promise<Restarted> {
  const folder = await forTest(makeTemporaryFolder());
  const options = { store: `file:${folder.path}/store`, flags: ['--audit-log'] };
  const before = await forTest(startRelay(options));
  const resource = openResource(before.url, await makeSession(before));
  await resource.listen('one', 'GET', '/next?wait=0');
  await eventually('the relay reports the listener as gone', 60_000, () =>
    before.stderr().includes('listener gone from clock'),
  );
  expect(await readAttached(resource)).toBe(false);
  await before.kill('SIGKILL');
  const after = await forTest(startRelay({ ...options, port: before.port }));
  return { ...resource, before, after };
}

test.skipIf(!isLong)(
  'a listener is silent for 45 s, then the relay restarts: it is still gone, the log has no "listener back", another listener can connect',
  { timeout: 120_000 },
  async () => {
    const { after, ...resource } = await setUp();
    expect(await readAttached(resource)).toBe(false);
    expect((await resource.listen('two', 'GET', '/next?wait=0')).status).toBe(204);
    expect(after.stderr()).not.toContain('listener back');
  },
);
