import { describe, expect, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { endedWell } from '../harness/prompts.ts';

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

type Made = SessionPayload & { name: string };
type Listed = { sessions: { name: string; current: boolean; url: string }[] };

describe('new', () => {
  test('new: stdout has only the line to paste, everything else is on stderr', async () => {
    const client = await setUp();
    const made = await client.run(['new']);
    expect(made.exitCode).toBe(0);
    expect(made.text).toMatch(
      new RegExp(`^curl -q -fsSL -g --proto '=http' '${relay.url}/r/[0-9a-f]{32}' \\| bash\\n$`),
    );
    expect(made.stderr).toMatch(/^remotify: created session session-1 on .*\n$/);
    expect(made.stderr).not.toMatch(/[0-9a-f]{32}/);
  });

  test('new --auto: prints the line for a listener that runs commands without asking', async () => {
    const client = await setUp();
    expect(await client.makeSession('--auto')).toMatch(/\/r\/[0-9a-f]{32}\?mode=auto' \| bash$/);
  });

  test('new --json: the payload of the relay, and the name', async () => {
    const client = await setUp();
    const { name, ...payload } = await client.runJson<Made>('new', '--name', 'prod');
    expect(name).toBe('prod');
    expect((await curl([payload.urls.api])).json()).toEqual(payload);
    const asked = await client.run(['new', '--json', '--auto']);
    expect((JSON.parse(asked.text) as Made).remote_quickstart).toContain("?mode=auto' | bash");
  });

  test('new --quiet: only the line is printed', async () => {
    const client = await setUp();
    const made = await client.run(['new', '--quiet']);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(made.text).toMatch(/^curl .* \| bash\n$/);
  });

  test('new with the name of a live session: 2, and the session stays', async () => {
    const client = await setUp();
    await client.runJson('new', '--name', 'prod');
    await client.makeSession('--name', 'other');
    const again = await client.run(['new', '--name', 'prod']);
    expect(again).toMatchObject({ exitCode: 2, text: '' });
    expect(again.stderr).toMatch(/^remotify: error: session "prod" already exists\nremotify: hint: .+\n$/);
    expect(await client.run(['status', '-s', 'prod'])).toMatchObject({ exitCode: 0 });
    expect((await client.runJson<Listed>('list')).sessions.map(({ name }) => name)).toEqual([
      'prod',
      'other',
    ]);
  });

  test('new with the name of a session that is gone: the name is reused', async () => {
    const client = await setUp();
    const first = await client.runJson<Made>('new', '--name', 'prod');
    expect((await curl(['-X', 'DELETE', first.urls.api])).status).toBe(204);
    const second = await client.runJson<Made>('new', '--name', 'prod');
    expect(second.key).not.toBe(first.key);
    expect((await client.run(['status', '-s', 'prod'])).exitCode).toBe(0);
    expect(await client.runJson('list')).toMatchObject({ sessions: [{ name: 'prod', current: true }] });
  });

  test('new --wait: ends when the listener connects, and prints its name', async () => {
    const client = await setUp();
    const made = client.start(['new', '--auto', '--wait', '60s']);
    const line = await eventually('the line is printed', 15_000, () => {
      return /^curl .* \| bash\n$/.exec(made.stdout().toString())?.[0];
    });
    expect(made.isRunning()).toBe(true);
    await forTest(startListener(line));
    expect(await withDeadline(made.closed, 20_000, 'new --wait ends')).toEqual({ code: 0, signal: null });
    expect(made.stderr()).toMatch(/^remotify: connected: \S+@\S+, runs commands without asking$/m);
    expect(await client.run(['exec', 'echo here'])).toMatchObject({ text: 'here\n' });
  });

  test('new --wait without a listener in time: 255, and the session stays', async () => {
    const client = await setUp();
    const made = await client.run(['new', '--wait', '1s']);
    expect(made.exitCode).toBe(255);
    expect(made.text).toMatch(/^curl .* \| bash\n$/);
    expect(made.stderr).toMatch(
      /^remotify: error: no listener connected within 1 s \(--wait\)\nremotify: hint: .+\n$/m,
    );
    expect((await client.run(['status'])).exitCode).toBe(0);
  });

  test.skipIf(!hasTmux)('new on a terminal: waits without --wait, with a spinner', async () => {
    const client = await setUp();
    const binary = new URL('../../bin/remotify.js', import.meta.url).pathname;
    const terminal = await forTest(
      startTerminal(`'${process.execPath}' '${binary}' new --auto --url '${relay.url}'`, {
        columns: 160,
        env: { REMOTIFY_CONFIG_DIR: client.configDir },
      }),
    );
    const screen = await terminal.waitForText('waiting for the remote to connect', 15_000);
    const line = /^curl .* \| bash$/m.exec(screen)?.[0] ?? '';
    await forTest(startListener(line));
    await terminal.waitForText('connected: ', 20_000);
    expect(await terminal.waitForText(endedWell, 10_000)).not.toContain('waiting for the remote to connect');
  });
});

describe('list, use, end', () => {
  test('the newest session is the current one, until use chooses another', async () => {
    const client = await setUp();
    const none = await client.run(['list']);
    expect(none).toMatchObject({ exitCode: 0, text: '' });
    expect(none.stderr).toMatch(/^remotify: no stored sessions/);
    for (const name of ['one', 'two', 'three']) await client.makeSession('--name', name);
    const { url } = relay;
    expect((await client.run(['list', '--offline'])).text.replaceAll(/ {2}\d+ s old$/gm, '')).toBe(
      `   one    ${url}\n   two    ${url}\n*  three  ${url}\n`,
    );
    expect(await client.run(['use', 'one'])).toMatchObject({ exitCode: 0, text: '' });
    const { sessions } = await client.runJson<Listed>('list');
    expect(sessions.map(({ name, current }) => [name, current])).toEqual([
      ['one', true],
      ['two', false],
      ['three', false],
    ]);
    expect(await client.runJson('status')).toMatchObject({ session: 'one' });
    expect((await client.run(['list'])).text).not.toMatch(/[0-9a-f]{32}/);
    expect((await client.run(['list', '--json'])).text).not.toMatch(/[0-9a-f]{32}/);
  });

  test('use of a name that is not stored: 2, and nothing changes', async () => {
    const client = await setUp();
    await client.makeSession('--name', 'one');
    const result = await client.run(['use', 'two']);
    expect(result).toMatchObject({ exitCode: 2, text: '' });
    expect(result.stderr).toMatch(
      /^remotify: error: no stored session is called "two"\nremotify: hint: .+\n$/,
    );
    expect(await client.runJson('status')).toMatchObject({ session: 'one' });
  });

  test('end: the session is deleted on the relay and here, and its listener exits', async () => {
    const remote = await forTest(startRemote(relay));
    const { urls } = await remote.runJson<Made>('new', '--name', 'other');
    await remote.run(['use', 'session-1']);
    const ended = await remote.run(['end']);
    expect(ended).toMatchObject({ exitCode: 0, text: '', stderr: 'remotify: session session-1 ended\n' });
    expect(await withDeadline(remote.listener.exited, 10_000, 'the listener ends')).toMatchObject({
      code: 0,
    });
    expect(remote.listener.output()).toContain('session ended');
    expect(await remote.runJson('list')).toMatchObject({ sessions: [{ name: 'other' }] });
    expect((await curl([urls.api])).status).toBe(200);
  });

  test('end NAME of a session that is gone: removed here, and the current session stays', async () => {
    const client = await setUp();
    const { urls } = await client.runJson<Made>('new', '--name', 'gone');
    await client.makeSession('--name', 'current');
    await curl(['-X', 'DELETE', urls.api]);
    const ended = await client.run(['end', 'gone']);
    expect(ended).toMatchObject({ exitCode: 0, text: '' });
    expect(ended.stderr).toContain('had already ended');
    expect(await client.runJson('list')).toMatchObject({ sessions: [{ name: 'current', current: true }] });
  });
});

describe('reset', () => {
  test('reset: clears the queue and stops the running command; key and listener stay valid', async () => {
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(remote.configDir));
    await remote.run(['exec', '-d', `${gate.wait}; sleep 300`]);
    await remote.run(['exec', '-d', 'true']);
    await waitForState(
      remote,
      'one command runs, one is queued',
      ({ current, queue_length: n }) => current === 'c1' && n === 1,
    );
    const reset = await remote.run(['reset', '--json']);
    expect(reset).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(reset.text)).toEqual({
      reset: true,
      cleared: { cmd_queued: true, result_queued: false, cmd_was_in_flight: true },
    });
    expect(await remote.run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
    const alive = await remote.listener.processes();
    expect(alive.filter(({ commandLine }) => commandLine.includes('sleep 300'))).toEqual([]);
    const nothing = await remote.run(['reset']);
    expect(nothing).toMatchObject({ exitCode: 0, text: '' });
    expect(nothing.stderr).toBe('remotify: reset session session-1: nothing to clear\n');
  });
});
