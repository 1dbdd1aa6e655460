import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { runCli } from '../harness/cli.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { makeOldCurl } from '../harness/old-curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// The part of `remotify agents` for legacy relays, run by a shell with an old curl. A remotify relay supports the slots too.

const relays = {
  'a legacy relay': async () => {
    const relay = await startLegacyRelay();
    return { url: relay.url, stop: relay.close };
  },
  'a remotify relay': () => startRelay({ flags: ['--long-poll', '1s'] }),
};

async function setUp(kind: keyof typeof relays) {
  const relay = await relays[kind]();
  onTestFinished(relay.stop);
  const home = await forTest(makeTemporaryFolder());
  const oldCurl = await forTest(makeOldCurl());
  const { stdout } = await runCli(['agents', '--url', relay.url], { configDir: home.path });
  const lines = [...stdout.toString('utf8').matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) =>
    block.trimEnd().split('\n'),
  );
  /** Runs the lines that contain one of `parts`, in order. Resolves with their output. */
  const run = async (...parts: string[]) => {
    const found = lines.filter((line) => parts.some((part) => line.includes(part)));
    expect(found.length, parts.join()).toBeGreaterThan(0);
    const shell = spawnCaptured('bash', ['-euo', 'pipefail', '-c', found.join('\n')], {
      env: cleanEnvironment(home.path, { PATH: oldCurl.path }),
    });
    const { code } = await withDeadline(shell.closed, 40_000, found.join('\n'));
    if (code !== 0) throw new Error(`status ${code}: ${found.join('\n')}\n${shell.stderr()}`);
    return shell.stdout().toString('utf8');
  };
  const made = await run(
    'umask 077',
    '-o ~/.remotify/session.json',
    'remote_quickstart',
    "echo 'a legacy relay'",
  );
  const [line = '', said] = made.trimEnd().split('\n');
  await run('> ~/.remotify/cmd', '> ~/.remotify/result', '> ~/.remotify/status', '> ~/.remotify/api');
  /** Polls as `remotify agents` describes: 204 means that there is no result yet. */
  const readResult = () =>
    eventually('the result', 30_000, async () => {
      const [status, ...output] = (await run('-K ~/.remotify/result', 'cat ~/.remotify/output')).split('\n');
      return status === '200' && output.join('\n');
    });
  return { run, readResult, line, said, oldCurl };
}

describe.each(['a legacy relay', 'a remotify relay'] as const)('remotify agents on %s', (kind) => {
  test('the lines print the kind of the relay, run a command and read its result', async () => {
    const { run, readResult, line, said, oldCurl } = await setUp(kind);
    expect(said).toBe(kind);
    await forTest(startListener(asAuto(line)));
    await run('(uname -s; ls /; exit 3)');
    expect(await readResult()).toMatch(/^Linux\n[^]*\btmp\n[^]*exit status 3\n$/);
    expect((await oldCurl.read()).unknown).toEqual([]);
  });

  test('without a listener: the lines queue a command, cancel it and end the session', async () => {
    const { run, oldCurl } = await setUp(kind);
    await run('(uname -s; ls /; exit 3)');
    expect(await run('-K ~/.remotify/status')).toContain('"cmd_queued": true');
    await run('-K ~/.remotify/cmd -X DELETE');
    expect(await run('-K ~/.remotify/status')).toContain('"cmd_queued": false');
    await run('-K ~/.remotify/api -X DELETE');
    await expect(run('-K ~/.remotify/status')).rejects.toThrow(/410/);
    expect((await oldCurl.read()).unknown).toEqual([]);
  });

  test('the key of the session is never printed', async () => {
    const { run } = await setUp(kind);
    const printed = [
      await run('(uname -s; ls /; exit 3)'),
      await run('-K ~/.remotify/status'),
      await run('-K ~/.remotify/cmd -X DELETE'),
    ];
    expect(printed.join('\n')).not.toMatch(/[0-9a-f]{32}/);
  });
});
