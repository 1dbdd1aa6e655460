import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import type { Report } from '../harness/many/generate.ts';
import { forTest } from '../harness/for-test.ts';

/** Limit of open files, and so sockets, of one process: node raises its own limit to this. */
const mostFiles = execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();

const fits = mostFiles === 'unlimited' || Number(mostFiles) >= 16_000;
const sessions = Number(process.env['REMOTIFY_TEST_SESSIONS'] ?? (fits ? 10_000 : 1_000));
const readers = sessions / 2;

const lifted = ['rate-limit', 'max-held-polls', 'max-held-polls-per-address', 'max-sessions-per-address'];

async function generate(store: string | undefined): Promise<Report> {
  const flags = [...lifted.flatMap((limit) => [`--${limit}`, '0']), '--long-poll', '25s'];
  const relay = await startRelay({ ...(store !== undefined && { store }), flags });
  try {
    const folder = await forTest(makeTemporaryFolder());
    const script = fileURLToPath(new URL('../harness/many/generate.ts', import.meta.url));
    const args = [relay.port, sessions, readers].map(String);
    const generator = spawnCaptured(process.execPath, ['--import', 'tsx', script, ...args], {
      env: cleanEnvironment(folder.path),
    });
    onTestFinished(() => void generator.child.kill('SIGKILL'));
    const { code } = await withDeadline(generator.closed, 240_000, 'the load generator ends');
    expect([code, generator.stderr()]).toEqual([0, '']);
    return JSON.parse(generator.stdout().toString('utf8')) as Report;
  } finally {
    await relay.stop();
  }
}

test.each([
  ['memory', 'memory:'],
  ['files', undefined],
] as const)(
  `${sessions} sessions with a polling listener each, and ${readers} polling readers, stored in %s: every poll is answered`,
  { timeout: 300_000 },
  async (_name, store) => {
    const { woken } = await generate(store);
    expect(woken).toEqual({ listeners: sessions, readers });
  },
);
