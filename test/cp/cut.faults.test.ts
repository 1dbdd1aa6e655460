import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { sendSignal } from '../harness/process-session.ts';
import { killHard, setUpCut } from './cut-site.ts';
import { mebi } from './seeded-file.ts';

// Transfers that are cut in the middle, at a byte that the test chooses, and then resume.

const small = 16 * mebi;
const size = isLong ? 1024 * mebi : 64 * mebi;
const deadlineMs = isLong ? 150_000 : 40_000;

describe.each(['up', 'down'] as const)(`${size / mebi} MiB %s`, { timeout: 3 * deadlineMs }, (direction) => {
  test('the client is killed in the middle and run again: the copy resumes', async () => {
    const { proxy, start, startToMiddle, expectWhole } = await setUpCut(direction, { size, deadlineMs });
    await killHard(await startToMiddle());
    const before = proxy.passed(direction);
    proxy.open();
    const report = await expectWhole(start());
    // The last piece may have been in flight, and is sent again.
    expect(report.resumed_bytes).toBeGreaterThan(size / 4);
    expect(proxy.passed(direction) - before).toBeLessThan(size * 0.75);
  });

  test('the relay is killed in the middle and starts again: the client waits and continues', async () => {
    const { relay, proxy, startToMiddle, expectWhole } = await setUpCut(direction, { size, deadlineMs });
    const cp = await startToMiddle();
    await relay.kill();
    await relay.start();
    proxy.open();
    await expectWhole(cp);
    expect(proxy.passed(direction)).toBeLessThan(size * 1.25);
  });
});

describe.skipIf(!isLong).each(['up', 'down'] as const)(
  `${small / mebi} MiB %s`,
  { timeout: 3 * deadlineMs },
  (direction) => {
    const setUp = () => setUpCut(direction, { size: small, deadlineMs });

    test('Ctrl-C in the middle: exit 130, no partial file under the name; run again: the copy resumes', async () => {
      const { proxy, to, start, startToMiddle, ended, expectWhole, expectWholeOrNone } = await setUp();
      const first = await startToMiddle();
      first.child.kill('SIGINT');
      proxy.open();
      expect(await ended(first)).toEqual({ code: 130, signal: null });
      await expectWholeOrNone();
      const isLeft = !(await readdir(to)).includes('large');
      const report = await expectWhole(start());
      if (isLeft) expect(report.resumed_bytes).toBeGreaterThan(small / 4);
    });

    test('SIGTERM in the middle: exit 143, no partial file under the name', async () => {
      const { proxy, startToMiddle, ended, expectWholeOrNone } = await setUp();
      const first = await startToMiddle();
      first.child.kill('SIGTERM');
      proxy.open();
      expect(await ended(first)).toEqual({ code: 143, signal: null });
      await expectWholeOrNone();
    });

    test.each([
      ['cancels its command', ['cancel']],
      ['ends its session', ['end']],
    ])('another client %s in the middle: exit 255, no partial file under the name', async (_title, args) => {
      const { proxy, client, startToMiddle, ended, expectWhole, expectWholeOrNone } = await setUp();
      const cp = await startToMiddle();
      expect(await client.run(args)).toMatchObject({ exitCode: 0 });
      proxy.open();
      const { code } = await ended(cp);
      // The remote may have sent all of it before.
      if (code === 0 && direction === 'down') return void (await expectWhole(cp));
      expect(code, cp.stderr()).toBe(255);
      expect(cp.stderr() + cp.stdout().toString()).toMatch(/cancelled|ended|gone/);
      await expectWholeOrNone();
    });

    test('the source changes after the cut: the new content arrives, no mixture', async () => {
      const { proxy, start, startToMiddle, expectWhole, changeSource } = await setUp();
      await killHard(await startToMiddle());
      proxy.open();
      await changeSource();
      await expectWhole(start());
    });

    test('the kept partial file is damaged: never a wrong file under the name', async () => {
      const { proxy, to, start, startToMiddle, ended, expectWhole } = await setUp();
      await killHard(await startToMiddle());
      proxy.open();
      for (const name of await readdir(to)) {
        const part = await open(join(to, name), 'r+');
        await part.write(Buffer.alloc(1024, 0x55), 0, 1024, 4096);
        await part.close();
      }
      const second = start();
      const { code } = await ended(second);
      if (code === 0) return void (await expectWhole(second));
      expect(code, second.stderr()).toBe(1);
      expect(await readdir(to)).not.toContain('large');
      await expectWhole(start());
    });

    test('the listener is killed in the middle and pasted again: cp succeeds, or fails with 255 and then succeeds', async () => {
      const { proxy, listener, listen, start, startToMiddle, ended, expectWhole } = await setUp();
      const cp = await startToMiddle();
      for (const { pid } of await listener.processes()) sendSignal(pid, 'SIGKILL');
      sendSignal(-listener.pid, 'SIGKILL');
      proxy.open();
      // The relay reserves the place of a silent listener for a while.
      await eventually('another listener is accepted', 60_000, listen, 1_000);
      const { code } = await ended(cp);
      if (code === 0) return void (await expectWhole(cp));
      expect(code, cp.stderr()).toBe(255);
      await expectWhole(start());
    });
  },
);
