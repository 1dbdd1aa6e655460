import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The line to paste that a waiting exec prints: correct, once, in the mode of the session.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

/** The stderr of an exec that waits for a listener. */
async function readWords(client: Client, env: Record<string, string> = {}): Promise<string> {
  const exec = client.start(['exec', 'true'], env);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('exec waits', 15_000, () => exec.stderr().includes('waiting for a listener'));
  return exec.stderr();
}

const linesIn = (words: string): string[] => words.split('\n').filter((line) => line.startsWith('curl '));

test('no listener has connected yet: exec prints the supervised line once', async () => {
  const client = await setUp();
  const line = await client.makeSession();
  const words = await readWords(client);
  expect(words).toMatch(/^remotify: no listener has connected yet; paste this line on the remote:$/m);
  expect(linesIn(words)).toEqual([line]);
});

test('a session created with --auto: exec prints its auto line once', async () => {
  const client = await setUp();
  const line = await client.makeSession('--auto');
  expect(line).toContain('?mode=auto');
  expect(linesIn(await readWords(client))).toEqual([line]);
  const settings = await readFile(join(client.configDir, 'config.json'), 'utf8');
  expect(JSON.parse(settings)).toMatchObject({
    sessions: { 'session-1': { mode: 'auto', quickstart: line } },
  });
});

test('an auto listener left a session with a supervised line: exec prints when the listener was last seen, and the auto line', async () => {
  const client = await setUp();
  const line = await client.makeSession();
  const listener = await forTest(startListener(asAuto(line)));
  await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true);
  await listener.stop();
  await waitForState(client, 'the listener left', (state) => state.listener?.attached === false);
  const words = await readWords(client);
  expect(words).toMatch(
    /^remotify: the listener \S+@\S+ is disconnected, last seen \d+ s ago; paste this line/m,
  );
  expect(words).not.toMatch(/no listener (yet|has connected)/);
  expect(linesIn(words)).toEqual([asAuto(line)]);
});

test('exec without a session: the line of the new one is printed once', async () => {
  const client = await setUp();
  const words = await readWords(client);
  expect(linesIn(words)).toHaveLength(1);
});

test('settings of an earlier version, without a mode: readable, and exec prints the stored line', async () => {
  const client = await setUp();
  const line = await client.makeSession('--name', 'old');
  const path = join(client.configDir, 'config.json');
  const settings = JSON.parse(await readFile(path, 'utf8')) as { sessions: { old: { mode?: string } } };
  delete settings.sessions.old.mode;
  await writeFile(path, JSON.stringify(settings));
  expect(linesIn(await readWords(client))).toEqual([line]);
  await client.run(['use', 'old']);
  expect((await client.run(['list', '--offline'])).text).toMatch(/^\* {2}old /);
});
