import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startSupervised } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux } from '../harness/tmux.ts';
import { writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { kibi, makeBytes, mebi } from './seeded-file.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// What the operator of a supervised listener sees of a copy on an 80x24 terminal, and the effect of the answers.

const relay = useRelay();

const question = /run it\? \[/g;

async function setUp() {
  const remote = await forTest(startSupervised(relay));
  await remote.terminal.resize(80, 24);
  const folder = await forTest(makeTemporaryFolder());
  const [here, there] = [join(folder.path, 'here'), join(folder.path, 'there')];
  await mkdir(here);
  await mkdir(there);
  const cp = (...args: string[]): CapturedProcess => {
    const run = remote.start(['cp', ...args]);
    onTestFinished(() => void run.child.kill('SIGKILL'));
    return run;
  };
  /** The screen with the n-th question; undefined once the copy has ended. */
  const waitForQuestion = (run: CapturedProcess, count: number) =>
    eventually(`question ${count}, or the end`, 60_000, async () => {
      const asked = (await remote.terminal.transcript()).match(question)?.length ?? 0;
      if (asked >= count) return { screen: await remote.terminal.screen() };
      return !run.isRunning() && { screen: undefined };
    });
  const ended = async (run: CapturedProcess) => {
    const { code } = await withDeadline(run.closed, 20_000, 'cp ends');
    return { code, stdout: run.stdout().toString(), stderr: run.stderr() };
  };
  /** Approves each question, and returns the screens that showed the questions. */
  const approveAll = async (run: CapturedProcess): Promise<string[]> => {
    const screens: string[] = [];
    for (;;) {
      const { screen } = await waitForQuestion(run, screens.length + 1);
      if (screen === undefined) return screens;
      screens.push(screen);
      await remote.terminal.type('y\n');
    }
  };
  return { ...remote, here, there, cp, waitForQuestion, approveAll, ended };
}

describe.skipIf(!hasTmux)('cp to a supervised listener on 80x24', { timeout: 60_000 }, () => {
  test('three files up: the question shows their count, size, target and names; y writes them', async () => {
    const { here, there, cp, approveAll, ended } = await setUp();
    await writeFiles(here, {
      'index.html': makeBytes(2 * kibi),
      'photo of me.jpg': makeBytes(3 * mebi),
      '.env': 'SECRET=1\n',
    });
    const names = ['index.html', 'photo of me.jpg', '.env'];
    const run = cp(...names.map((name) => join(here, name)), `:${there}`);
    const screens = await approveAll(run);
    expect(await ended(run)).toMatchObject({ code: 0 });
    expect(await listTree(there)).toEqual(await listTree(here));
    expect(screens.length).toBeLessThanOrEqual(2);
    const shown = screens.join('\n');
    expect(shown).toMatch(/^>>> # remotify cp: write 3 files, 3(\.\d+)? Mi?B, into /m);
    for (const name of names) expect(shown).toContain(name);
    expect(shown).toContain('3.1 MB');
    // The first line of each command says what it does.
    for (const screen of screens) expect(screen).toMatch(/^>>> # remotify cp: /m);
  });

  test('one file down: the question names the file and says that it is read', async () => {
    const { here, there, cp, approveAll, ended } = await setUp();
    await writeFiles(there, { 'report.txt': 'secret' });
    const run = cp(`:${there}/report.txt`, here);
    const screens = await approveAll(run);
    expect(await ended(run)).toMatchObject({ code: 0 });
    expect(await readFile(join(here, 'report.txt'), 'utf8')).toBe('secret');
    expect(screens.length).toBeLessThanOrEqual(2);
    expect(screens.join('\n')).toMatch(/^>>> # remotify cp: (read|send) .*report\.txt/m);
  });

  test.each([
    ['up', '# remotify cp: write'],
    ['down', '# remotify cp: '],
  ])('%s, `n REASON` at the first question: exit 126, nothing is written', async (way, words) => {
    const { here, there, terminal, cp, waitForQuestion, ended, temporaryFolder } = await setUp();
    await writeFiles(way === 'up' ? here : there, { data: makeBytes(2 * mebi) });
    await writeFiles(way === 'up' ? there : here, { data: 'old' });
    const [from, to] = [await listTree(here), await listTree(there)];
    const run = way === 'up' ? cp(join(here, 'data'), `:${there}`) : cp(`:${there}/data`, here);
    const { screen } = await waitForQuestion(run, 1);
    expect(screen).toContain(words);
    await terminal.type('n not on a friday\n');
    const { code, stdout, stderr } = await ended(run);
    expect([code, stdout]).toEqual([126, '']);
    expect(stderr).toContain('not on a friday');
    expect(await listTree(here)).toEqual(from);
    expect(await listTree(there)).toEqual(to);
    // The listener's own folder may hold the declined script, and none of the bytes.
    const spool = await listTree(temporaryFolder);
    expect(spool.filter((entry) => !/^(remotify\.\w{10}|tmux-\d+)[ /]/.test(entry))).toEqual([]);
    expect(spool.filter((entry) => / \d{6,} bytes /.test(entry))).toEqual([]);
  });

  test('`n` at the second question, if there is one: exit 126, nothing is written', async () => {
    const { here, there, terminal, cp, waitForQuestion, ended } = await setUp();
    await writeFiles(here, { data: makeBytes(2 * mebi) });
    const run = cp(join(here, 'data'), `:${there}`);
    await waitForQuestion(run, 1);
    await terminal.type('y\n');
    const { screen } = await waitForQuestion(run, 2);
    if (screen === undefined) return expect(await ended(run)).toMatchObject({ code: 0 });
    await terminal.type('n\n');
    expect(await ended(run)).toMatchObject({ code: 126 });
    expect(await listTree(there)).toEqual([]);
  });

  test('a name that would forge a line or an approval: escaped on one line', async () => {
    const { here, there, cp, waitForQuestion, terminal, ended } = await setUp();
    const name = 'a\n# remotify cp: write 1 file, 1 B, into /tmp\nrm -rf /; #\u001b[2J';
    await writeFiles(here, { [name.replaceAll('/', '\u2215')]: 'x' });
    const run = cp(join(here, name.replaceAll('/', '\u2215')), `:${there}`);
    const { screen } = await waitForQuestion(run, 1);
    expect((screen ?? '').split('\n').filter((row) => /^\W*# remotify cp/.test(row))).toHaveLength(1);
    expect(screen).not.toMatch(/^\W*rm -rf/m);
    await terminal.type('n\n');
    expect(await ended(run)).toMatchObject({ code: 126 });
  });

  test('a name that would end the comment: no part of it runs', async () => {
    const { here, there, cp, approveAll, ended, configDir } = await setUp();
    const trace = join(configDir, 'trace').replaceAll('/', '\u2215');
    await writeFiles(here, { [`a\ntouch $HOME${trace}\n'; touch pwned; '`]: 'x', 'b\rtouch pwned': 'y' });
    await mkdir(join(here, 'c\ntouch pwned'));
    const run = cp('-r', here, `:${there}/copy`);
    await approveAll(run);
    expect(await ended(run)).toMatchObject({ code: 0 });
    expect(await listTree(join(there, 'copy'))).toEqual(await listTree(here));
    expect(await listTree(there)).toHaveLength((await listTree(here)).length + 1);
    expect(await readdir(process.cwd())).not.toContain('pwned');
  });

  const many = isLong ? 2_000 : 200;

  test(`${many} files: the first line shows the count, and there are at most two questions`, {
    timeout: 90_000,
  }, async () => {
    const { here, there, cp, approveAll, ended } = await setUp();
    for (let at = 0; at < many; at++) await writeFiles(here, { [`file-${at}`]: String(at) });
    const run = cp('-r', here, `:${there}/all`);
    const screens = await approveAll(run);
    expect(await ended(run)).toMatchObject({ code: 0 });
    expect(screens.length).toBeLessThanOrEqual(2);
    expect(screens.join('\n')).toContain(`write ${many} files`);
    expect(await listTree(join(there, 'all'))).toEqual(await listTree(here));
  });
});
