import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  readLine,
  readOutput,
  runOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The operator's answers at the remote, as the page shows them.

const relay = useRelay();
const browser = useBrowser();

describe.skipIf(!hasChromium || !hasTmux)(
  'in chromium, with an operator at a terminal',
  { timeout: 90_000 },
  () => {
    test('three commands await approval: the page shows one as approved, one as declined with a reason, one as cancelled', async () => {
      const visitor = await visit(browser, relay);
      const { page } = visitor;
      await makeOnPage(visitor);
      const folder = await forTest(makeTemporaryFolder());
      const terminal = await forTest(
        startTerminal(await readLine(page, 'supervised'), {
          env: { TMPDIR: folder.path },
        }),
      );
      // The listener ignores what is typed before its question is on the screen.
      const answer = async (question: number, text: string): Promise<void> => {
        await eventually(
          `question ${question} is on the screen`,
          20_000,
          async () => (await terminal.transcript()).split('run it? [').length - 1 === question,
        );
        await terminal.type(`${text}\n`);
      };
      await findLight(page, 'ready').waitFor();
      const light = page.locator('#light-words');
      expect(await light.textContent()).toMatch(/: connected, supervised$/);

      await runOnPage(page, 'echo approved');
      await waitForWords(findCommand(page, 'c1'), 'waiting for approval');
      await light.getByText('waiting for approval of c1').waitFor();
      await answer(1, 'y');
      await waitForWords(findCommand(page, 'c1'), 'exit status 0');
      expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['approved']);

      await runOnPage(page, 'rm -rf build');
      await waitForWords(findCommand(page, 'c2'), 'waiting for approval');
      await answer(2, 'n not on a <b>friday</b>');
      await waitForWords(findCommand(page, 'c2'), 'declined by the operator: not on a <b>friday</b>');
      expect(await page.locator('#commands b').count()).toBe(0);
      await page.locator('#said', { hasText: 'c2: declined by the operator' }).waitFor({ state: 'attached' });

      await runOnPage(page, 'echo withdrawn');
      await waitForWords(findCommand(page, 'c3'), 'waiting for approval');
      await page.getByRole('button', { name: 'cancel c3' }).click();
      await waitForWords(findCommand(page, 'c3'), 'cancelled before it ran');
      await findLight(page, 'ready').waitFor();
    });
  },
);
