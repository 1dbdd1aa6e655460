import { describe, expect, test } from 'vitest';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { findCommand, readOutput, runOnPage, startOnPage, waitForWords } from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Output too long for a page, from a real listener: cut to its end, and the page stays usable.

const relay = useRelay();
const browser = useBrowser();

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('10,000 redraws and an erasure at the end: one empty row', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(
      page,
      `for ((i = 0; i < 10000; i++)); do printf '\\r%s of 10000' $i; done; printf '\\r\\033[K'`,
    );
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    await expect.poll(() => readOutput(command, 'stdout'), { timeout: 15_000 }).toEqual(['']);
  });

  test.each<[string, string]>([
    ['one row of 20 MB', `head -c 20000000 /dev/zero | tr '\\0' x`],
    ['a million empty rows', `head -c 1000000 /dev/zero | tr '\\0' '\\n'`],
    ['3 MB of random bytes', `head -c 3000000 /dev/urandom`],
  ])('%s: the page shows the end, with a note', async (_title, text) => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, text);
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    await command.getByText('showing the end of').waitFor();
    expect(await command.locator('.output > div').count()).toBeLessThanOrEqual(4_000);
    const chars = await command.locator('.output').evaluate(({ textContent }) => textContent?.length ?? 0);
    // An unsafe byte takes four characters.
    expect(chars).toBeLessThanOrEqual(256 * 1024);
  });

  test('endless output: a click on stop stops the command', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, 'yes');
    const command = findCommand(page, 'c1');
    await command.getByText('showing the end of').waitFor();
    await page.getByLabel('command', { exact: true }).fill('typed meanwhile');
    await page.getByRole('button', { name: 'stop c1' }).click();
    await waitForWords(command, 'ended by SIGTERM');
    expect(await page.getByLabel('command', { exact: true }).inputValue()).toBe('typed meanwhile');
    expect(await command.locator('.output > div').count()).toBeLessThanOrEqual(4_000);
  });
});
