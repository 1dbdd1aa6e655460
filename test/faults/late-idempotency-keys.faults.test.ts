import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

// The relay keeps an Idempotency-Key after its command was evicted from the list: a late repeated push does not run again.

type Pushed = { id: string; state: string; exit_status: number | null };

/** Pushes a command (POST …/commands) with an Idempotency-Key. */
async function push(configDir: string, script: string, key: string, query = '') {
  const session = await readSession(configDir);
  const answer = await fetch(`${session.url}/api/session/self/commands${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session.key}`, 'idempotency-key': key },
    body: script,
  });
  const text = await answer.text();
  return {
    status: answer.status,
    code: answer.headers.get('remotify-error'),
    command: answer.ok ? (JSON.parse(text) as Pushed) : undefined,
  };
}

/** Pushes 150 commands, 30 at a time because at most 32 may be queued, and waits until all of them have ended. */
async function runMany(configDir: string, run: (args: string[]) => Promise<{ exitCode: number | null }>) {
  for (let turn = 0; turn < 5; turn += 1) {
    for (let nth = 0; nth < 30; nth += 1)
      expect((await push(configDir, ':', `many-${turn}-${nth}`)).status).toBe(201);
    expect((await run(['exec', 'true'])).exitCode).toBe(0);
  }
}

test('a push is repeated after 155 later commands and after a restart: the relay returns the same id, the command ran once', {
  timeout: 120_000,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await forTest(startRemote(relay));
  const marker = join(remote.configDir, 'marker');
  const ran = async () => (await readFile(marker, 'utf8').catch(() => '')).split('\n').length - 1;
  const script = `echo ran >>'${marker}'; exit 4`;
  const first = await push(remote.configDir, script, 'the-key');
  expect([first.status, first.command?.id]).toEqual([201, 'c1']);
  await eventually('the command ran', 15_000, async () => (await ran()) === 1);
  await runMany(remote.configDir, remote.run);
  // The command is no longer listed.
  expect((await remote.run(['status', 'c1'])).exitCode).not.toBe(0);
  const expectSame = async () => {
    const again = await push(remote.configDir, script, 'the-key');
    expect(again).toMatchObject({ status: 201, command: { id: 'c1', state: 'finished', exit_status: 4 } });
    const other = await push(remote.configDir, 'echo other', 'the-key');
    expect([other.status, other.code]).toEqual([409, 'key_reused']);
    const options = await push(remote.configDir, script, 'the-key', '?timeout=9');
    expect([options.status, options.code]).toEqual([409, 'key_reused']);
  };
  await expectSame();
  await relay.kill();
  await relay.start();
  await expectSame();
  // The key of an evicted command, and one of a command that is still listed.
  expect((await push(remote.configDir, ':', 'many-0-7')).command?.id).toBe('c9');
  expect((await push(remote.configDir, ':', 'many-4-29')).command?.id).toBe('c155');
  // After this command, a wrongly repeated one would have run.
  expect((await remote.run(['exec', 'true'], { deadlineMs: 60_000 })).exitCode).toBe(0);
  expect(await ran()).toBe(1);
});
