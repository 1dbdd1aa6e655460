import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CapturedProcess, spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl } from '../harness/curl.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const legacyListener = fileURLToPath(new URL('../fixtures/legacy-listener.sh', import.meta.url));

const relay = useRelay({ flags: ['--long-poll', '1s'] });

/** Kills the whole process group, since a shell that is killed alone leaves its curl running. */
function endGroup(group: CapturedProcess) {
  return () => {
    if (group.isRunning()) process.kill(-group.pid, 'SIGKILL');
  };
}

/** A legacy listener that uses curl; its commands see `PLACE=remote`. */
async function listen({ urls }: SlotSession) {
  const home = await makeTemporaryFolder();
  const env = cleanEnvironment(home.path, { TMPDIR: home.path, PLACE: 'remote' });
  const listener = spawnCaptured('bash', [legacyListener, urls.cmd, urls.result], { env, detached: true });
  onTestFinished(async () => {
    endGroup(listener)();
    await home.remove();
  });
  return listener;
}

/** The exec line with a real command instead of COMMAND, pasted into a shell where `PLACE=client`. */
async function paste(shell: string, { exec }: SlotSession, command: string) {
  const folder = await makeTemporaryFolder();
  const env = cleanEnvironment(folder.path, { TMPDIR: folder.path, PLACE: 'client' });
  const line = exec.replace('COMMAND', () => command);
  const client = spawnCaptured(shell, ['-c', line], { env, detached: true });
  onTestFinished(async () => {
    endGroup(client)();
    await folder.remove();
  });
  return { ...client, temporaryFolder: folder.path };
}

describe.each(['bash', 'sh'])('the exec line in %s', (shell) => {
  test('prints what the command printed on the remote', async () => {
    const session = await makeSession(relay);
    await listen(session);
    const client = await paste(shell, session, 'echo $PLACE; echo second line >&2');
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(client.stdout().toString()).toBe('remote\nsecond line\n');
    expect(code).toBe(0);
  });

  test('leaves no file behind', async () => {
    const session = await makeSession(relay);
    await listen(session);
    const client = await paste(shell, session, 'echo one');
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(code).toBe(0);
    expect(await readdir(client.temporaryFolder)).toEqual([]);
  });

  test('prints arbitrary bytes unchanged', async () => {
    const session = await makeSession(relay);
    await listen(session);
    const client = await paste(shell, session, 'printf "\\377\\000\\n\\n"');
    await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(client.stdout()).toEqual(Buffer.from([0xff, 0x00, 0x0a, 0x0a]));
  });

  test('keeps polling after polls without a result', async () => {
    const session = await makeSession(relay);
    const client = await paste(shell, session, 'echo late');
    await eventually('the command is queued', 10_000, async () => (await session.status()).cmd_queued);
    await untilPassed('polls of one second have ended', 2_500);
    expect(client.isRunning()).toBe(true);
    await listen(session);
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(client.stdout().toString()).toBe('late\n');
    expect(code).toBe(0);
  });

  test('ends with an error when the session is deleted meanwhile', async () => {
    const session = await makeSession(relay);
    const client = await paste(shell, session, 'echo never');
    await eventually('the command is queued', 10_000, async () => (await session.status()).cmd_queued);
    await curl(['-X', 'DELETE', session.urls.api]);
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(code).not.toBe(0);
    expect(client.stdout().toString()).toBe('');
    expect(await readdir(client.temporaryFolder)).toEqual([]);
  });

  test('ends with an error when the push is refused', async () => {
    const session = await makeSession(relay);
    await curl(['-X', 'DELETE', session.urls.api]);
    const client = await paste(shell, session, 'echo never');
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(code).not.toBe(0);
    expect(client.stdout().toString()).toBe('');
  });

  test('ends with an error when there is no relay', async () => {
    const gone = await forTest(startRelay());
    const session = await makeSession(gone);
    await gone.kill('SIGKILL');
    const client = await paste(shell, session, 'echo never');
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(code).not.toBe(0);
  });

  test('prints nothing for a command that prints nothing', async () => {
    const session = await makeSession(relay);
    await listen(session);
    const client = await paste(shell, session, 'true');
    const { code } = await withDeadline(client.closed, 15_000, 'the exec line ends');
    expect(client.stdout()).toHaveLength(0);
    expect(code).toBe(0);
  });
});

test('exec line with a command that starts with @: it is not taken for a file name', async () => {
  const session = await makeSession(relay);
  const client = await paste('bash', session, '@/etc/hostname');
  await eventually('the command is queued', 10_000, async () => (await session.status()).cmd_queued);
  expect((await session.take()).text).toBe('@/etc/hostname');
  await session.answer('answered\n');
  await withDeadline(client.closed, 15_000, 'the exec line ends');
  expect(client.stdout().toString()).toBe('answered\n');
});
