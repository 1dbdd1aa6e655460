import type { Page, Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  findCommand,
  makeOnPage,
  openBeside,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Typed, pasted and recalled commands: sent unchanged, or given back to the visitor.

const relay = useRelay();
const browser = useBrowser();

const findField = (page: Page) => page.getByLabel('command', { exact: true });

async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await findField(page).focus();
  await page.keyboard.press('Control+V');
}

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('several lines, typed and pasted: one command, with only line feeds as line ends', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    await paste(page, "printf '%s|' a\r\nprintf '%s|' b\rprintf '%s|' c");
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('echo d');
    expect(await findField(page).getAttribute('rows')).toBe('4');
    await page.keyboard.press('Enter');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['a|b|c|d']);
    expect(await findField(page).getAttribute('rows')).toBe('1');
  });

  test('only white space: not sent; Enter within an input method: does not run the command', async () => {
    const visitor = await visit(browser, relay);
    const { page, requests } = visitor;
    await makeOnPage(visitor);
    const field = findField(page);
    for (const text of ['', '   ', '\n\t\n']) {
      await field.fill(text);
      await field.press('Enter');
    }
    const session = await page.context().newCDPSession(page);
    await field.fill('');
    await session.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
    await field.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
    await session.send('Input.insertText', { text: '日本' });
    await field.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
    expect(await field.inputValue()).toBe('日本');
    expect(await page.locator('.command').count()).toBe(0);
    expect(requests.filter(({ method, url }) => method === 'POST' && url.includes('/commands'))).toEqual([]);
  });

  test('history: arrows move the cursor within several lines, the draft comes back, and an edited recall becomes the draft', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    for (const text of ['first', 'second\nof two', 'third']) await runOnPage(page, text);
    const field = findField(page);
    const press = async (...keys: string[]): Promise<string> => {
      for (const key of keys) await field.press(key);
      return field.inputValue();
    };
    await field.fill('draft\nof two');
    // The cursor is in the last line: the first arrow up moves it, the second one recalls.
    expect(await press('ArrowUp')).toBe('draft\nof two');
    expect(await press('ArrowUp')).toBe('third');
    expect(await press('ArrowUp')).toBe('second\nof two');
    expect(await press('ArrowUp', 'ArrowUp')).toBe('first');
    expect(await press('ArrowUp')).toBe('first');
    expect(await press('ArrowDown', 'ArrowDown')).toBe('third');
    expect(await press('ArrowDown')).toBe('draft\nof two');
    expect(await press('ArrowDown')).toBe('draft\nof two');
    // The edited recall is now the draft.
    await field.fill('');
    await press('ArrowUp');
    await field.press('End');
    await page.keyboard.type(' time');
    expect(await press('ArrowUp')).toBe('third');
    expect(await press('ArrowDown')).toBe('third time');
  });

  test('reuse of an own command while a draft is in the field: arrow down brings the draft back', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    for (const text of ['first', 'second']) await runOnPage(page, text);
    await findCommand(page, 'c2').waitFor();
    const field = findField(page);
    await field.fill('half a thought');
    await findCommand(page, 'c1').getByRole('button', { name: 'reuse' }).click();
    expect(await field.inputValue()).toBe('first');
    await field.press('ArrowDown');
    expect(await field.inputValue()).toBe('second');
    await field.press('ArrowDown');
    expect(await field.inputValue()).toBe('half a thought');
  });

  test('a command of 1 MiB: runs, and its card shows the beginning and the size', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    const rest = 'x'.repeat(1024 * 1024 - 'echo done #'.length);
    await runOnPage(page, `echo done #${rest}`);
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    expect(await readOutput(command, 'stdout')).toEqual(['done']);
    const title = (await command.locator('.command-text').textContent()) ?? '';
    expect([title.length < 2_100, title.slice(-9)]).toEqual([true, ' … 1.0 MB']);
    await command.getByRole('button', { name: 'reuse' }).click();
    expect((await findField(page).inputValue()).length).toBe(1024 * 1024);
  });

  test.each<[string, string, RegExp, RegExp]>([
    [
      'larger than the limit of the relay',
      `echo ${'x'.repeat(2 * 1024 * 1024)}`,
      /not accepted: .*too large/,
      /status of 413/,
    ],
    ['with a NUL', 'echo a\0b', /not accepted: a command cannot hold a NUL byte/, /status of 400/],
  ])(
    'a command %s: the card shows an error, and reuse gives the text back',
    async (_title, text, words, expected) => {
      const visitor = await visit(browser, relay, { expected });
      const { page } = visitor;
      await makeOnPage(visitor);
      await paste(page, text);
      const pasted = await findField(page).inputValue();
      expect(pasted.length).toBe(text.length);
      await page.keyboard.press('Enter');
      const card = page.locator('.command[data-state="unsent"]');
      await card.locator('.words', { hasText: words }).waitFor();
      expect(await findField(page).inputValue()).toBe('');
      await card.getByRole('button', { name: 'reuse' }).click();
      expect(await findField(page).inputValue()).toBe(pasted);
    },
  );

  test('over plain HTTP: a command runs, and output is copied with document.execCommand', async () => {
    const visitor = await visit(browser, relay, {
      expected: /Cross-Origin-Opener-Policy header has been ignored/,
    });
    const { page } = visitor;
    const plain = 'http://relay.test';
    // The browser treats a loopback address as secure, but not this name.
    const forward = async (route: Route): Promise<void> => {
      const { origin: _origin, referer: _referer, ...headers } = route.request().headers();
      const url = route.request().url().replace(plain, relay.url);
      const response = await route.fetch({ url, headers }).catch(() => undefined);
      // No response: the test has ended.
      if (response) await route.fulfill({ response });
    };
    await page.route(`${plain}/**`, forward);
    await page.goto(plain);
    expect(await page.evaluate('isSecureContext')).toBe(false);
    await page.locator('#insecure').waitFor();
    await startOnPage(visitor);
    await runOnPage(page, 'echo plain');
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    expect(await readOutput(command, 'stdout')).toEqual(['plain']);
    await command.getByRole('button', { name: 'copy' }).click();
    await command.getByText('copied', { exact: true }).waitFor();
    await findField(page).focus();
    await page.keyboard.press('Control+V');
    await page.keyboard.press('End');
    expect(await findField(page).inputValue()).toBe('plain\n');
    // The same for a visitor who opens a link.
    const link = page.url();
    const another = await page.context().newPage();
    await another.route(`${plain}/**`, forward);
    await another.goto(link);
    await another.locator('#foreign-no').waitFor();
    await another.locator('#insecure').waitFor();
  });

  test('reuse of a command of another client: arrow down brings the draft back', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    for (const text of ['first', 'second']) await runOnPage(page, text);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'of another');
    const field = findField(page);
    await field.fill('draft');
    await findCommand(page, 'c3').getByRole('button', { name: 'reuse' }).click();
    expect(await field.inputValue()).toBe('of another');
    await field.press('ArrowDown');
    expect(await field.inputValue()).toBe('draft');
  });
});
