import { describe, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The terminal window of exec is closed: exec gets SIGHUP and cannot print any more.

const relay = useRelay();

async function setUp(command: string) {
  const remote = await forTest(startRemote(relay));
  const env = { REMOTIFY_CONFIG_DIR: remote.configDir, REMOTIFY_URL: relay.url };
  const terminal = await forTest(
    startTerminal(`'${process.execPath}' '${binaryPath}' exec ${command}`, { env }),
  );
  await waitForState(remote, 'the command runs', ({ current }) => current === 'c1');
  return { ...remote, terminal };
}

describe.skipIf(!hasTmux)('the terminal of the client is closed (needs tmux)', () => {
  test.each([
    ['a quiet command', "'sleep 300; echo end'"],
    ['a command that prints', "'while sleep 0.1; do date; done'"],
  ])('exec of %s: the remote command is stopped', async (_title, command) => {
    const remote = await setUp(command);
    await remote.terminal.hangUp();
    const { commands } = await waitForState(remote, 'the command ends', ({ current }) => current === null);
    expect(commands).toMatchObject([{ id: 'c1', state: 'finished', exit_status: 143 }]);
  });
});
