import { describe, expect, test } from 'vitest';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { makeEveryState } from './every-state.ts';
import { findLight, makeOnPage, openBeside, runOnPage, waitForWords, findCommand } from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Forced colours, print, more contrast, and page translation.

const relay = useRelay();
const browser = useBrowser();

/** The relay refuses the command with a NUL. */
const expected = /status of 400/;

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('forced colours: the shape of the lamp and the border of a command distinguish their states', async () => {
    const visitor = await visit(browser, relay, { expected });
    const { page } = visitor;
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    const lamps: string[] = [];
    const look = async (state: 'waiting' | 'ready' | 'asking' | 'busy' | 'gone') => {
      await findLight(page, state).waitFor();
      lamps.push((await page.locator('.lamp').screenshot()).toString('base64'));
    };
    const listen = (method: string, path: string, body?: string) =>
      beside.listenAs({ mode: 'supervised' }, method, path, body);
    await look('waiting');
    await listen('GET', '/next?wait=0');
    await look('ready');
    await runOnPage(page, 'true');
    await listen('GET', '/next');
    await look('asking');
    const edge = `getComputedStyle(document.querySelector('.command')).borderInlineStartStyle`;
    expect(await page.evaluate(edge)).toBe('dashed');
    await listen('POST', '/commands/c1/start', '');
    await look('busy');
    expect(await page.evaluate(edge)).toBe('solid');
    await listen('POST', '/leave', '');
    await look('gone');
    await waitForWords(findCommand(page, 'c1'), 'lost');
    expect(await page.evaluate(edge)).toBe('double');
    expect(new Set(lamps).size).toBe(5);
  });

  test('print: the complete output, and no buttons', async () => {
    const visitor = await visit(browser, relay, { expected, scheme: 'dark' });
    const { page } = visitor;
    await makeEveryState(visitor, relay);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.getByRole('button').count()).toBe(0);
    const isWhole = `[...document.querySelectorAll('.output')].filter((one) => !one.hidden).every((one) =>
      one.scrollHeight <= one.clientHeight + 1 && one.scrollWidth <= one.clientWidth + 1)`;
    expect(await page.evaluate(isWhole)).toBe(true);
    const overflow = `getComputedStyle(document.querySelector('#transcript')).overflow`;
    expect(await page.evaluate(overflow)).toBe('visible');
    // Dark text, because browsers do not print dark backgrounds.
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(29, 33, 37)');
  });

  test('the visitor prefers more contrast: quiet text is as dark as the rest', async () => {
    const { page } = await visit(browser, relay);
    const colours = `['.steps p', 'body'].map((one) => getComputedStyle(document.querySelector(one)).color)`;
    const [quiet, text] = await page.evaluate<string[]>(colours);
    expect(quiet).not.toBe(text);
    await page.emulateMedia({ contrast: 'more' });
    expect(await page.evaluate(colours)).toEqual([text, text]);
  });

  test('a browser that translates the page: commands, output and lines to paste are excluded', async () => {
    const visitor = await visit(browser, relay, { expected });
    const { page } = visitor;
    await makeEveryState(visitor, relay);
    expect(
      await page.evaluate(`[...document.querySelectorAll('[data-line], .command-text, .output')]
      .filter((one) => one.translate).length`),
    ).toBe(0);
  });
});
