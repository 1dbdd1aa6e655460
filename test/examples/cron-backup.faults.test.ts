import { spawnSync } from 'node:child_process';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { makeTools, pathOfExample } from './example-files.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// docs/examples/cron-backup.sh, as cron runs it: without a terminal, with a small environment.

const relay = useRelay();

const needs = ['flock', 'gzip', 'tar'].filter((name) => findProgram(name) === undefined);

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const tools = await forTest(makeTools());
  const folder = await forTest(makeTemporaryFolder());
  const data = join(folder.path, 'data');
  const target = join(folder.path, 'backups');
  const keyFile = join(folder.path, 'key');
  await mkdir(data);
  await writeFile(join(data, 'a file'), 'precious\0bytes\n');
  await writeFile(keyFile, `${(await readSession(remote.configDir)).key}\n`, { mode: 0o600 });
  const start = (extra: Record<string, string> = {}, from = data) =>
    spawnCaptured('bash', [pathOfExample('cron-backup.sh'), from, target], {
      detached: true,
      env: cleanEnvironment(folder.path, {
        PATH: tools.path,
        REMOTIFY_URL: relay.url,
        REMOTIFY_KEY_FILE: keyFile,
        ...extra,
      }),
    });
  const run = async (extra?: Record<string, string>, from?: string) => {
    const script = start(extra, from);
    const { code } = await withDeadline(script.closed, 40_000, 'the backup ends');
    return { code, printed: script.stdout().toString() + script.stderr() };
  };
  const list = async () => (await readdir(target)).filter((name) => name !== '.lock').toSorted();
  return { remote, tools, target, data, start, run, list };
}

test.skipIf(needs.length > 0)(
  `a backup: complete, readable by its owner only, no output (needs ${needs.join() || 'nothing more'})`,
  async () => {
    const { run, list, target } = await setUp();
    expect(await run()).toEqual({ code: 0, printed: '' });
    const [name = '', ...others] = await list();
    expect(others).toEqual([]);
    expect(name).toMatch(/^\d{4}-\d\d-\d\dT\d{6}Z\.tar\.gz$/);
    expect((await stat(join(target, name))).mode & 0o777).toBe(0o600);
    const { stdout } = spawnSync('tar', ['-xzOf', join(target, name), './a file']);
    expect(stdout.toString()).toBe('precious\0bytes\n');
  },
);

test.skipIf(needs.length > 0)('more backups than KEEP: only the newest KEEP are kept', async () => {
  const { run, list, target } = await setUp();
  await run();
  for (const day of ['01', '02', '03', '04']) {
    const old = join(target, `2020-01-${day}T000000Z.tar.gz`);
    await writeFile(old, '');
    await utimes(old, new Date(), new Date());
  }
  expect((await run({ KEEP: '3' })).code).toBe(0);
  const left = await list();
  expect(left).toHaveLength(3);
  // Two runs within one second write the same name.
  const old = left.filter((name) => name.startsWith('2020'));
  expect(old).toContain('2020-01-04T000000Z.tar.gz');
  expect(old).not.toContain('2020-01-02T000000Z.tar.gz');
});

test.skipIf(needs.length > 0)(
  'the remote folder is missing: exit status and error of tar, and no backup file',
  async () => {
    const { run, list } = await setUp();
    const { code, printed } = await run({}, '/nonexistent/folder');
    expect(code).toBe(2);
    expect(printed).toContain('/nonexistent/folder');
    expect(await list()).toEqual([]);
  },
);

test.skipIf(needs.length > 0)('the relay is unreachable: exit 255, an error, no backup file', async () => {
  const { run, list } = await setUp();
  const { code, printed } = await run({ REMOTIFY_URL: 'http://127.0.0.1:1' });
  expect(code).toBe(255);
  expect(printed).toContain('remotify: error: ');
  expect(await list()).toEqual([]);
});

test.skipIf(needs.length > 0)('SIGTERM in the middle: no backup file, the next backup succeeds', async () => {
  const { remote, start, run, list, tools } = await setUp();
  await tools.add('gzip', 'exec sleep 60');
  const script = start();
  await eventually('the archive is being received', 20_000, async () =>
    (await list().catch(() => [])).some((name) => name.endsWith('.part')),
  );
  const other = await run();
  expect(other.code).toBe(1);
  expect(other.printed).toContain('another backup to ');
  await eventually('the archive is being checked', 20_000, async () => {
    return (
      (await remote.runJson<{ commands: { state: string }[] }>('status')).commands.at(-1)?.state ===
      'finished'
    );
  });
  // SIGTERM to its process group, as at a shutdown.
  process.kill(-script.pid, 'SIGTERM');
  await withDeadline(script.closed, 15_000, 'the backup ends');
  expect(await list()).toEqual([]);
  await tools.add('gzip', `exec ${findProgram('gzip')} "$@"`);
  expect((await run()).code).toBe(0);
  expect(await list()).toHaveLength(1);
});
