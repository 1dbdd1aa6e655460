import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Client } from '../harness/client.ts';
import { eventually, untilPassed } from '../harness/deadline.ts';
import { createRandom } from '../harness/random.ts';
import { startRemote, startSupervised } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { listening } from '../harness/prompts.ts';

// The private folder of a listener is removed at a random moment of a command: before it is received, during the question, while it
// runs, while its result is sent. The listener continues; a command runs at most once; a successful exec has all of the output.

const relay = useRelay();

const rounds = 20;
const random = createRandom(20_261_129);
const bashWords = /line \d+:|No such file|cannot open|mktemp:|mkdir:|tail:|head:|cat:|terminal closed/;

async function removeFolders(temporaryFolder: string): Promise<void> {
  for (const name of await readdir(temporaryFolder))
    await rm(join(temporaryFolder, name), { force: true, recursive: true, maxRetries: 20, retryDelay: 10 });
}

/** Runs one command and removes the folder `delay` milliseconds after its start. Calls `nudge` repeatedly until exec ends. */
async function runOnce(
  { start, configDir }: Pick<Client, 'start' | 'configDir'>,
  remove: () => Promise<void>,
  delay: number,
  nudge: () => Promise<void>,
) {
  const trace = join(configDir, 'trace');
  const exec = start(['exec', `echo ran >>'${trace}'; echo a; sleep 0.1; echo b`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  let code: number | null | undefined;
  void exec.closed.then((ended) => {
    code = ended.code;
  });
  const removed = untilPassed('the moment of the removal', delay).then(remove);
  await eventually(
    `exec ends, its folder removed after ${delay} ms`,
    30_000,
    async () => code !== undefined || (await nudge()),
    200,
  );
  await removed;
  const ran = await readFile(trace, 'utf8').catch(() => '');
  await rm(trace, { force: true });
  return { code, ran, stdout: exec.stdout().toString(), stderr: exec.stderr() };
}

function check(ended: Awaited<ReturnType<typeof runOnce>>, about: string): void {
  expect(['', 'ran\n'], about).toContain(ended.ran);
  expect(['', 'a\n', 'b\n', 'a\nb\n'], about).toContain(ended.stdout);
  if (ended.code === 0) expect(ended, about).toMatchObject({ ran: 'ran\n', stdout: 'a\nb\n' });
  expect(ended.stderr, about).not.toMatch(bashWords);
}

test('auto mode, the folder is removed at random moments: no command runs twice or succeeds without its output', {
  timeout: 180_000,
}, async () => {
  const remote = await forTest(startRemote(relay));
  const { listener } = remote;
  await eventually('the listener is connected', 15_000, () => listener.output().includes(listening));
  const codes = new Set<number | null | undefined>();
  for (let round = 0; round < rounds; round++) {
    const delay = random.below(700);
    const ended = await runOnce(
      remote,
      () => removeFolders(listener.temporaryFolder),
      delay,
      async () => {},
    );
    check(ended, `round ${round}, after ${delay} ms`);
    codes.add(ended.code);
  }
  expect(listener.output()).not.toMatch(bashWords);
  expect((await remote.run(['exec', 'echo still here'])).text).toBe('still here\n');
  // With one exit status only, no removal has hit a running command.
  expect(codes.size).toBeGreaterThan(1);
});

test.skipIf(!hasTmux)(
  'supervised mode, the folder is removed at random moments: no command runs twice or succeeds without its output',
  {
    timeout: 300_000,
  },
  async () => {
    const remote = await forTest(startSupervised(relay));
    const { terminal } = remote;
    const codes = new Set<number | null | undefined>();
    for (let round = 0; round < rounds; round++) {
      const delay = random.below(1500);
      const answer = async () => {
        if ((await terminal.screen()).trimEnd().endsWith('q: quit]')) await terminal.type('y\n');
      };
      const ended = await runOnce(remote, () => removeFolders(remote.temporaryFolder), delay, answer);
      check(ended, `round ${round}, after ${delay} ms`);
      codes.add(ended.code);
    }
    expect(await terminal.transcript()).not.toMatch(bashWords);
    expect(codes.size).toBeGreaterThan(1);
  },
);
