import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

// The process list: every user of the remote can read the arguments of all processes.

const count = isLong ? 50 : 8;

const nobody = 65_534;
const canBecomeNobody = process.getuid?.() === 0 && existsSync('/proc/self/cmdline');

/** Reads all command lines again and again until its stdin ends, then prints each one that it has seen. */
const sampler = `
  const { readdirSync, readFileSync } = require('node:fs');
  const seen = new Set();
  let rounds = 0;
  const look = () => {
    for (const pid of readdirSync('/proc')) {
      if (!/^[0-9]+$/.test(pid)) continue;
      try { seen.add(readFileSync('/proc/' + pid + '/cmdline', 'latin1')); } catch {}
    }
    rounds += 1;
    setTimeout(look, 3);
  };
  process.stdin.on('end', () => {
    process.stdout.write(JSON.stringify({ uid: process.getuid(), rounds, seen: [...seen] }), () => process.exit());
  });
  process.stdin.resume();
  look();
`;

type Seen = { uid: number; rounds: number; seen: string[] };

test.skipIf(!canBecomeNobody)(
  `another user reads the process list during ${count} commands: it contains neither a key nor the text of a command`,
  { timeout: 240_000 },
  async () => {
    const relay = await forTest(startRelay());
    const remote = await forTest(startRemote(relay));
    const watcher = spawn(process.execPath, ['-e', sampler], {
      uid: nobody,
      gid: nobody,
      cwd: '/',
      env: {},
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void watcher.kill('SIGKILL'));
    let printed = '';
    watcher.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    for (let nth = 0; nth < count; nth += 1) {
      // The script goes through stdin, so that it is not in the arguments of the client, which runs on the same machine.
      const script = `secret_word=${nth}; sleep 0.05; echo $secret_word; head -c 3000 /dev/urandom >&2`;
      const { text } = await remote.run(['exec', '-f', '-'], { stdin: script });
      expect(text).toBe(`${nth}\n`);
    }
    watcher.stdin.end();
    await withDeadline(once(watcher, 'close'), 10_000, 'the watcher ends');
    const { uid, rounds, seen } = JSON.parse(printed) as Seen;
    expect(uid).toBe(nobody);
    expect(rounds).toBeGreaterThan(100);
    // Except the pasted line: in this test it is an argument of a bash.
    const lines = seen.filter((line) => !line.includes(remote.line));
    expect(
      lines.some((line) => line.startsWith('curl\0')),
      'curl was in the process list',
    ).toBe(true);
    expect(
      lines.some((line) => line.includes('\0builtin eval ')),
      'a command was in the process list',
    ).toBe(true);
    const keys = /\/r\/([0-9a-f]{32})/.exec(remote.line)?.slice(1) ?? [];
    expect(keys).toHaveLength(1);
    for (const secret of [...keys, 'secret_word'])
      expect(lines.filter((line) => line.includes(secret))).toEqual([]);
  },
);
