import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startLegacyRelay, type LegacyRelay } from '../harness/legacy-relay.ts';
import { renderAnswer, startCannedServer } from '../harness/canned-server.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';

// The CLI with a legacy relay, which has only slots.

let relay: LegacyRelay;
beforeAll(async () => {
  relay = await startLegacyRelay();
  return relay.close;
});

async function setUp(): Promise<Client & { made: SessionPayload }> {
  const client = await forTest(makeClient(relay));
  return { ...client, made: await client.runJson<SessionPayload>('new') };
}

async function setUpListener() {
  const client = await setUp();
  const listener = await forTest(startSlotListener(relay.url, client.made.key));
  return { ...client, listener };
}

/** Acts as the listener: takes the command, and sends `result`. */
async function answerWith({ made }: { made: SessionPayload }, result: string): Promise<string> {
  const command = await eventually('the command is in the slot', 15_000, async () => {
    const taken = await curl([`${made.urls.cmd}?nowait=1`]);
    return taken.status === 200 && taken.text;
  });
  expect((await curl(['--data-binary', '@-', made.urls.result], { stdin: result })).status).toBe(201);
  return command;
}

test('new and list work on a legacy relay', async () => {
  const { made, run } = await setUp();
  expect(made.remote_quickstart).toContain(`${relay.url}/r/${made.key}`);
  expect(made.features).toBeUndefined();
  expect((await run(['list'])).text).toContain(relay.url);
});

describe('exec on a legacy relay', () => {
  test.each([
    ['output and status 0', 'printf "a\\nb\\n"', 0, 'a\nb\n'],
    ['status 7, from the marker, which is not printed', 'echo out; exit 7', 7, 'out\n'],
    ['no last line feed', 'printf x; exit 3', 3, 'x'],
    ['no output', 'exit 1', 1, ''],
    ['both streams in one', 'echo out; echo err >&2; exit 255', 255, 'out\nerr\n'],
    ['a shell that is killed', 'kill -KILL $$', 137, ''],
    ['a syntax error', 'echo a; if', 2, /syntax error/],
    ['traps, and exec', 'trap "echo bye" EXIT; (exec echo in)', 0, 'in\nbye\n'],
    ['quotes', `echo "it's" 'a "b"'; exit 4`, 4, `it's a "b"\n`],
    ['fake marker, status 0', 'echo "[remotify: exit status 9]"', 0, '[remotify: exit status 9]\n'],
    ['fake marker, status 5', 'echo "[remotify: exit status 9]"; exit 5', 5, '[remotify: exit status 9]\n'],
  ] as const)('legacy relay, %s: output and status arrive', async (_title, command, status, output) => {
    const { run } = await setUpListener();
    const result = await run(['exec', command]);
    expect(result).toMatchObject({ exitCode: status, stderr: '' });
    if (typeof output === 'string') expect(result.text).toBe(output);
    else expect(result.text).toMatch(output);
  });

  test('binary output arrives unchanged', async () => {
    const { run } = await setUpListener();
    const result = await run(['exec', "printf '\\000\\377\\r\\n\\033['; exit 6"]);
    expect(result.exitCode).toBe(6);
    expect(result.stdout).toEqual(Buffer.from('\0\xff\r\n\x1b[', 'latin1'));
  });

  test('only REMOTIFY_KEY is set: exec detects the legacy relay and runs the command', async () => {
    const { made } = await setUpListener();
    const stranger = await forTest(makeClient(relay));
    const result = await stranger.run(['exec', 'echo out; exit 7'], { env: { REMOTIFY_KEY: made.key } });
    expect(result).toMatchObject({ exitCode: 7, text: 'out\n', stderr: '' });
  });

  test.each([
    ['[declined by operator]\n', /the operator declined\n/],
    ['[declined by operator] not on a friday\n', /the operator declined: not on a friday\n/],
  ])('declined: %j', async (result, error) => {
    const client = await setUp();
    const exec = client.run(['exec', 'true']);
    await answerWith(client, result);
    const { exitCode, text, stderr } = await exec;
    expect({ exitCode, text }).toEqual({ exitCode: 126, text: '' });
    expect(stderr).toMatch(error);
  });

  test('a note instead of a result: 255, and the error has its text', async () => {
    const client = await setUp();
    const exec = client.run(['exec', 'true']);
    await answerWith(client, '[remotify: the listener was replaced]\n');
    expectFailure(await exec, 255, /the listener was replaced/);
  });

  test('a result without an exit status: 255, with the output', async () => {
    const client = await setUp();
    const exec = client.run(['exec', "echo 'a b'"]);
    expect(await answerWith(client, 'done\n')).toContain('a b');
    // The result has no exit status, so it is not a success.
    const { exitCode, text, stderr } = await exec;
    expect([exitCode, text]).toEqual([255, 'done\n']);
    expect(stderr).toContain('the command ended without an exit status');
  });

  test('a late result of an earlier command: discarded, exec waits for its own', async () => {
    const client = await setUp();
    const exec = client.run(['exec', 'echo second']);
    const late = 'first\n\n[remotify: exit status 3 of 0123456789abcdef]\n';
    const pushed = await answerWith(client, late);
    const tag = / of ([0-9a-f]+)\]/.exec(pushed)?.[1] ?? '';
    expect(tag).toMatch(/^[0-9a-f]{16}$/);
    await eventually('exec has read and discarded it', 15_000, async () => {
      return !(await client.runJson<{ result_queued: boolean }>('status')).result_queued;
    });
    await curl([client.made.urls.result, '--data-binary', `second\n\n[remotify: exit status 0 of ${tag}]\n`]);
    expect(await exec).toMatchObject({ exitCode: 0, text: 'second\n' });
  });

  test('no listener takes the command: 255, and it is deleted from the slot', async () => {
    const { run, made } = await setUp();
    expectFailure(
      await run(['exec', '--wait', '1s', 'true']),
      255,
      /no listener took the command within 1 s/,
    );
    expect((await curl([`${made.urls.cmd}?nowait=1`])).status).toBe(204);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s: %i, the command is deleted from the slot, and a message says so', async (signal, code) => {
    const client = await setUp();
    const exec = client.start(['exec', 'true']);
    await eventually('the command is in the slot', 15_000, async () => {
      return (await client.runJson<{ cmd_queued: boolean }>('status')).cmd_queued;
    });
    exec.child.kill(signal);
    expect(await withDeadline(exec.closed, 10_000, 'exec ends')).toEqual({ code, signal: null });
    expect(exec.stderr()).toBe('remotify: the command was cancelled: no listener ran it\n');
    expect(await client.runJson('status')).toMatchObject({ cmd_queued: false });
  });

  test.each([['--detach'], ['--timeout', '5s'], ['--json']])(
    '%s is not supported: 2, and nothing is pushed',
    async (...flag) => {
      const { run, runJson } = await setUp();
      expectFailure(
        await run(['exec', ...flag, 'true']),
        2,
        new RegExp(`is a legacy relay: it does not support ${flag[0]}`),
      );
      expect(await runJson('status')).toMatchObject({ cmd_queued: false });
    },
  );
});

describe('a server that is not a relay answers', () => {
  test.each([
    ['a captive portal', renderAnswer('200 OK', '<html>log in</html>', ['Content-Type: text/html'])],
    ['an empty page', renderAnswer('200 OK', '')],
    ['a redirect', renderAnswer('302 Found', '', ['Location: http://127.0.0.1:1/'])],
  ])('exec and cancel get %s: the error is that it is not a relay', async (_title, answer) => {
    const { run } = await setUp();
    const stranger = await forTest(startCannedServer(answer));
    expectFailure(await run(['--url', stranger.url, 'exec', '--wait', '5s', 'true']), 255, /is not a relay/);
    expectFailure(await run(['--url', stranger.url, 'cancel']), 255, /is not a relay/);
  });
});

describe('other commands on a legacy relay', () => {
  test('status and cancel with no command, a queued one, and one in flight', async () => {
    const client = await setUp();
    const { run, made } = client;
    const trace = join(client.configDir, 'trace');
    const say = async () => (await run(['status'])).text;
    expect(await say()).toMatch(/^listener +none yet/m);
    expect(await run(['cancel'])).toMatchObject({ exitCode: 0, text: 'nothing to cancel\n' });
    await curl(['--data-raw', `touch '${trace}'`, made.urls.cmd]);
    expect(await say()).toMatch(/^queue +1 waiting$/m);
    expect(JSON.parse((await run(['cancel', '--json'])).text)).toMatchObject({
      outcome: 'cancelled',
      id: null,
    });
    expect((await curl([`${made.urls.cmd}?nowait=1`])).status).toBe(204);
    await curl(['--data-raw', 'true', made.urls.cmd]);
    await curl([`${made.urls.cmd}?nowait=1`]);
    expect(await say()).toMatch(/^running +a command, picked up \d+ s ago$/m);
    expect(await say()).toMatch(/^listener +a legacy listener polls the slot, last seen \d+ s ago$/m);
    // A legacy relay cannot stop a command in flight, so the outcome is unconfirmed.
    expect(await run(['cancel'])).toMatchObject({ exitCode: 255, text: 'unconfirmed\n' });
    expect(await access(trace).catch(() => 'never ran')).toBe('never ran');
  });

  test('logs, history and status ID: not supported', async () => {
    const { run } = await setUp();
    for (const args of [['logs'], ['status', 'c1'], ['history']])
      expectFailure(await run(args), 255, /is a legacy relay: its commands have no ids/);
  });

  test('reset and end work on a legacy relay', async () => {
    const { run, made } = await setUp();
    await curl(['--data-raw', 'true', made.urls.cmd]);
    expect((await run(['reset'])).stderr).toBe(
      'remotify: reset session session-1: cleared queued commands\n',
    );
    expect((await run(['end'])).stderr).toBe('remotify: session session-1 ended\n');
    expect((await curl([made.urls.api])).status).toBe(410);
  });
});
