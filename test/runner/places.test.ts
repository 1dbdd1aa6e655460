import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { endProcessSession, sendSignal } from '../harness/process-session.ts';
import { type SessionState, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { canMount, mountSmallDisk } from '../store/small-disk.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Listeners in unusual temporary folders, and as a user without rights.

const relay = useRelay();

const isGone = ({ listener }: SessionState): boolean => listener?.attached === false;

async function setUp() {
  const client = await forTest(makeClient(relay));
  const folder = await forTest(makeTemporaryFolder());
  const line = await client.makeSession('--auto');
  const listen = async (before: string, bash = 'bash') => {
    const listener = await forTest(
      startListener(`${before}\n${line.replace('| bash', `| ${bash}`)}`, {
        WHERE: folder.path,
      }),
    );
    return listener;
  };
  return { ...client, client, folder: folder.path, listen };
}

test.each([
  ['with spaces and quotes', `it's "a" $(place) \`x\` é`],
  ['of two lines', 'a\nb'],
  ['that looks like an option', '--version'],
  ['with a pattern in it', 'a*b?c[d]'],
])(
  'a temporary folder %s: commands run, and the folder is empty after the end',
  { timeout: 90_000 },
  async (_title, name) => {
    const { client, folder, listen, run } = await setUp();
    const path = join(folder, name);
    await mkdir(path);
    // As an absolute path and as a path relative to the folder where the listener is started.
    for (const TMPDIR of [path, name]) {
      const quoted = TMPDIR.replaceAll("'", String.raw`'\''`);
      const listener = await listen(`cd "$WHERE"; export TMPDIR='${quoted}'`);
      const result = await run(['exec', 'echo out; echo err >&2; pwd -P; exit 3']);
      expect(result).toMatchObject({ exitCode: 3, text: `out\n${folder}\n`, stderr: 'err\n' });
      expect(await readdir(path)).toEqual([expect.stringMatching(/^remotify\.\w{10}$/)]);
      sendSignal(-listener.pid, 'SIGTERM');
      await withDeadline(listener.exited, 10_000, 'the listener ends');
      // The outer shell ends at once; the runner at the end of its pipe still cleans up.
      await endProcessSession(listener.pid, 10_000);
      expect(await readdir(path)).toEqual([]);
      // Until then the relay keeps the session for this listener and rejects the next one.
      await waitForState(client, 'the listener is gone', isGone, 30_000);
    }
  },
);

test('no temporary folder: the listener does not start, and the error names the path', async () => {
  const { folder, listen } = await setUp();
  const listener = await listen(`set -o pipefail; export TMPDIR="$WHERE/none"`);
  expect(await withDeadline(listener.exited, 10_000, 'it ends')).toMatchObject({ code: 1 });
  expect(listener.output()).toContain(
    `remotify: error: cannot create a private folder in ${folder}/none: set TMPDIR to a folder that you can write to\n`,
  );
});

test.skipIf(!canMount)(
  'a full temporary folder: the listener does not start, and the error names the path',
  async () => {
    const disk = await mountSmallDisk(1024 * 1024);
    await writeFile(join(disk.path, 'full'), Buffer.alloc(2 * 1024 * 1024)).catch(() => {});
    const { listen } = await setUp();
    const listener = await listen(`set -o pipefail; export TMPDIR='${disk.path}'`);
    expect(await withDeadline(listener.exited, 10_000, 'it ends')).toMatchObject({ code: 1 });
    expect(listener.output()).toContain(
      `remotify: error: no space left in ${disk.path}: free some space, or set TMPDIR to another folder\n`,
    );
    expect(await readdir(disk.path)).toEqual(['full']);
  },
);

const canBecomeNobody =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'bash', '-c', 'true']).status === 0;

test.skipIf(!canBecomeNobody)('a user without rights and without a home folder: commands run', async () => {
  const { client, folder, listen, run } = await setUp();
  await chmod(folder, 0o777);
  await listen(
    'export TMPDIR="$WHERE" HOME=/nonexistent; cd /',
    'setpriv --reuid=65534 --regid=65534 --clear-groups bash',
  );
  const state = await waitForState(client, 'the listener is attached', ({ listener }) => listener !== null);
  expect(state.listener).toMatchObject({ user: 'nobody', attached: true });
  expect(await run(['exec', 'id -u; echo no >&2; exit 4'])).toMatchObject({
    exitCode: 4,
    text: '65534\n',
    stderr: 'no\n',
  });
});
