import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { readSession, startRemote } from '../harness/remote.ts';

// An Idempotency-Key is remembered when its command is no longer listed: a push that is repeated late does not run again.

type Pushed = { id: string; state: string; exit_status: number | null };

/** POST …/commands with this key. */
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

/** 150 commands, in turns of 30 since 32 may wait, and all of them ended. */
async function runMany(configDir: string, run: (args: string[]) => Promise<{ exitCode: number | null }>) {
  for (let turn = 0; turn < 5; turn += 1) {
    for (let nth = 0; nth < 30; nth += 1)
      expect((await push(configDir, ':', `many-${turn}-${nth}`)).status).toBe(201);
    expect((await run(['exec', 'true'])).exitCode).toBe(0);
  }
}

test('the same key after 155 later commands, and after a restart: the same id, and it ran once', {
  timeout: 120_000,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemote(relay);
  onTestFinished(remote.stop);
  const marker = join(remote.configDir, 'marker');
  const ran = async () => (await readFile(marker, 'utf8').catch(() => '')).split('\n').length - 1;
  const script = `echo ran >>'${marker}'; exit 4`;
  const first = await push(remote.configDir, script, 'the-key');
  expect([first.status, first.command?.id]).toEqual([201, 'c1']);
  await eventually('it ran', 15_000, async () => (await ran()) === 1);
  await runMany(remote.configDir, remote.run);
  // It is no longer listed.
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
  // A key of the middle, and one that is still listed.
  expect((await push(remote.configDir, ':', 'many-0-7')).command?.id).toBe('c9');
  expect((await push(remote.configDir, ':', 'many-4-29')).command?.id).toBe('c155');
  // What would have run again has had its turn by then.
  expect((await remote.run(['exec', 'true'], { deadlineMs: 60_000 })).exitCode).toBe(0);
  expect(await ran()).toBe(1);
});
