import { spawnSync } from 'node:child_process';
import { access, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { wordNeeded } from '../harness/prompts.ts';

// The question on a remote without stty: keys typed before it cannot be discarded, so the operator has to type a word.

const relay = useRelay();

const needed = ['bash', 'curl', 'mktemp', 'cat', 'wc', 'tail', 'head', 'sleep', 'rm'];

const findTool = (name: string) =>
  spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();

const hasBusybox = spawnSync('busybox', ['true']).status === 0;

async function setUp(fromBusybox: readonly string[]) {
  const folder = await forTest(makeTemporaryFolder());
  for (const name of needed) {
    const target = findTool(fromBusybox.includes(name) ? 'busybox' : name);
    await symlink(target, join(folder.path, name));
  }
  const client = await forTest(makeClient(relay));
  const line = await client.makeSession();
  const terminal = await forTest(
    startTerminal(`export PATH='${folder.path}'; ${line}`, {
      env: { TMPDIR: folder.path },
    }),
  );
  await waitForState(client, 'the listener is attached', ({ listener }) => listener?.attached === true);
  const trace = join(client.configDir, 'trace');
  const exec = client.start(['exec', `: >'${trace}'`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  const question = async (count: number) =>
    eventually(`question ${count}`, 20_000, async () => {
      const text = await terminal.transcript();
      const words = [...text.matchAll(/run it\? \[([a-z]{3}): yes, N/g)];
      return words.length === count && words.at(-1)?.[1];
    });
  const ran = () =>
    access(trace).then(
      () => true,
      () => false,
    );
  return { terminal, exec, question, ran };
}

describe.skipIf(!hasTmux).each([
  ['the tools of this system', true, []],
  ['the tools of busybox', hasBusybox, ['cat', 'wc', 'tail', 'head', 'sleep', 'rm', 'mktemp']],
])('without stty, with %s', (_name, isThere, fromBusybox) => {
  test.skipIf(!isThere)('y does not approve the command, the word in the question does', async () => {
    const { terminal, exec, question, ran } = await setUp(fromBusybox);
    await question(1);
    await terminal.type('y\n');
    await terminal.waitForText(wordNeeded, 10_000);
    const word = await question(2);
    expect(await ran()).toBe(false);
    await terminal.type(`${word}\n`);
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 0 });
    expect(await ran()).toBe(true);
  });

  test.skipIf(!isThere)('Ctrl-C at the question: the command is declined', async () => {
    const { terminal, exec, question, ran } = await setUp(fromBusybox);
    await question(1);
    await terminal.type('\u0003');
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });
});
