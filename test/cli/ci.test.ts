import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// With CI=true, exec creates and stores no session by itself.

const relay = useRelay();

async function setUp() {
  const client = await forTest(makeClient(relay));
  return client;
}

describe('exec without a session', () => {
  test.each(['true', '1', 'TRUE', 'yes', 'woodpecker'])(
    'CI=%s: exec fails with the alternatives, and nothing is stored',
    async (value) => {
      const { run, configDir } = await setUp();
      const result = await run(['exec', 'true'], { env: { CI: value } });
      expectFailure(result, 255, /no session given, and exec does not create one in CI/);
      for (const way of ['REMOTIFY_KEY', '-s', '`remotify new --wait`']) expect(result.stderr).toContain(way);
      expect(await readdir(configDir)).toEqual([]);
    },
  );

  test('CI=true with --json: one JSON object with the error', async () => {
    const { run } = await setUp();
    const result = await run(['exec', '--json', '-w', '0', 'true'], { env: { CI: 'true' } });
    expect(result.exitCode).toBe(255);
    expect(JSON.parse(result.text)).toMatchObject({ error: { code: 'no_session' } });
  });

  test.each(['', '0', 'false', 'False', 'no', 'off'])(
    'CI=%j does not mean CI: exec creates a session',
    async (value) => {
      const { run } = await setUp();
      const result = await run(['exec', '-w', '0', 'true'], { env: { CI: value } });
      expect(result.stderr).toContain('created session-1');
    },
  );
});

test('CI=true with REMOTIFY_KEY: the command runs, and no file is written', async () => {
  const remote = await forTest(startRemote(relay));
  const { key, url } = await readSession(remote.configDir);
  const { run, configDir } = await setUp();
  const env = { CI: 'true', REMOTIFY_KEY: key, REMOTIFY_URL: url };
  expect(await run(['exec', 'echo ran'], { env })).toMatchObject({ exitCode: 0, text: 'ran\n', stderr: '' });
  expect(await readdir(configDir)).toEqual([]);
});

test('CI=true: `remotify new` creates a session, and the next exec uses it', async () => {
  const client = await setUp();
  const env = { CI: 'true' };
  const made = client.start(['new', '--wait', '30s'], env);
  const line = await eventually('the line is printed', 15_000, () => {
    const text = made.stdout().toString();
    return text.endsWith('\n') && text.trimEnd();
  });
  await forTest(startListener(asAuto(line)));
  expect(await withDeadline(made.closed, 15_000, 'new ends')).toMatchObject({ code: 0 });
  expect(await client.run(['exec', 'echo ran'], { env })).toMatchObject({ exitCode: 0, text: 'ran\n' });
  await access(join(client.configDir, 'config.json'));
});

test('CI=true with a stored session that is not the current one: the hint names it', async () => {
  const client = await setUp();
  await client.makeSession('--name', 'prod');
  await client.makeSession('--name', 'other');
  await client.run(['end', 'other']);
  const result = await client.run(['exec', 'true'], { env: { CI: 'true' } });
  expectFailure(result, 255, /no current session\nremotify: hint: .*remotify use prod/);
});
