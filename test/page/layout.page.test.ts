import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { askOperator, makeEveryState } from './every-state.ts';
import { findLight, makeOnPage, openPanel, waitForWords, findCommand } from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Layout in small, large and low windows, with large text, and from right to left.

const relay = useRelay();
const browser = useBrowser();

/** The relay refuses the command with a NUL. */
const expected = /status of 400/;

interface Measures {
  tooWidePx: number;
  tooHighPx: number;
  promptInView: boolean;
  /** Visible height above the prompt. */
  transcriptPx: number;
  panelPx: number;
  /** Controls of less than 24 × 24 px. */
  small: string[];
  /** Main controls of less than 44 px. */
  low: string[];
}

const measure = (page: Page) =>
  page.evaluate<Measures>(`(() => {
    const box = (selector) => document.querySelector(selector).getBoundingClientRect();
    const form = box('#run-form');
    const seen = ({ top, bottom }) => Math.max(0, Math.min(bottom, form.top) - Math.max(0, top));
    const field = box('#command');
    const name = (one) => one.id || one.textContent.trim();
    const all = [...document.querySelectorAll('button, textarea, summary, input')].filter((one) => one.checkVisibility());
    const main = all.filter((one) => one.matches('.primary:not(#skip), #command, #reveal, #end, #end-yes, #end-no, summary'));
    const { scrollWidth, scrollHeight } = document.documentElement;
    return {
      tooWidePx: Math.max(0, scrollWidth - innerWidth),
      tooHighPx: Math.max(0, scrollHeight - innerHeight),
      promptInView: field.top >= 0 && field.bottom <= innerHeight && field.left >= 0 && field.right <= innerWidth,
      transcriptPx: seen(box('#transcript')),
      panelPx: seen(box('#panels')),
      small: all.filter((one) => one.id !== 'skip' && (one.offsetWidth < 24 || one.offsetHeight < 24)).map(name),
      low: main.filter((one) => one.offsetHeight < 44).map(name),
    };
  })()`);

const fits: Partial<Measures> = { tooWidePx: 0, tooHighPx: 0, promptInView: true, small: [], low: [] };

/** At 400 % zoom the window may scroll below the prompt. */
const allowScroll = (height: number, { tooHighPx }: Measures) => (height === 256 ? { tooHighPx } : {});

const sizes = [
  [320, 256],
  [320, 800],
  [360, 400],
  [360, 640],
  [568, 320],
  [640, 320],
  [768, 500],
  [1280, 800],
  [2560, 1440],
] as const;

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('every window size, and a listener name of 129 characters: bar, transcript and prompt fit into the window', async () => {
    const visitor = await visit(browser, relay, { expected });
    const { page } = visitor;
    const beside = await makeEveryState(visitor, relay, { user: 'u'.repeat(64), host: 'h'.repeat(64) });
    await askOperator(page, beside);
    await findLight(page, 'asking').waitFor();
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      const found = await measure(page);
      expect(found, `${width} × ${height}`).toMatchObject({ ...fits, ...allowScroll(height, found) });
      expect(found.transcriptPx, `${width} × ${height}`).toBeGreaterThan(height / 8);
      expect(await page.locator('#light-words').innerText()).toContain('waiting for approval of c10');
    }
  });

  test.each(['connect', 'other clients', 'session'] as const)(
    'the panel %s in every window size: it is visible, and the prompt stays in view',
    async (panel) => {
      const visitor = await visit(browser, relay);
      const { page } = visitor;
      await makeOnPage(visitor);
      await openPanel(page, panel);
      for (const [width, height] of sizes) {
        await page.setViewportSize({ width, height });
        const found = await measure(page);
        expect(found, `${width} × ${height}`).toMatchObject({ ...fits, ...allowScroll(height, found) });
        expect(found.panelPx, `${width} × ${height}`).toBeGreaterThan(40);
      }
    },
  );

  test('an error with a word of 500 characters: no horizontal overflow', async () => {
    const { page } = await visit(browser, relay, { width: 320 });
    await page.evaluate(`document.querySelector('#error').textContent = 'x'.repeat(500)`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });

  test('text at 200 %, and a page from right to left: no horizontal overflow, and the prompt is in view', async () => {
    const visitor = await visit(browser, relay, { expected });
    const { page } = visitor;
    await page.evaluate(`document.documentElement.style.fontSize = '32px'`);
    for (const [width, height] of [
      [360, 800],
      [1280, 800],
    ] as const) {
      await page.setViewportSize({ width, height });
      expect(
        await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
        'start',
      ).toBeLessThanOrEqual(0);
    }
    await makeEveryState(visitor, relay);
    for (const panel of [undefined, 'connect', 'other clients', 'session'] as const) {
      if (panel) await openPanel(page, panel);
      for (const [width, height] of [
        [360, 800],
        [1280, 800],
      ] as const) {
        await page.setViewportSize({ width, height });
        expect(await measure(page), `${panel} ${width}`).toMatchObject({ tooWidePx: 0, promptInView: true });
      }
    }
    await page.evaluate(`document.documentElement.style.fontSize = ''; document.documentElement.dir = 'rtl'`);
    for (const [width, height] of sizes.slice(1)) {
      await page.setViewportSize({ width, height });
      expect(await measure(page), `${width} × ${height}`).toMatchObject({ ...fits, tooHighPx: 0 });
    }
    // Shell text and output stay left to right.
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.output')).direction`)).toBe('ltr');
  });

  test('a panel opens, or the window is resized: the newest command stays in view', async () => {
    const visitor = await visit(browser, relay, { expected });
    const { page } = visitor;
    const beside = await makeEveryState(visitor, relay);
    // This command wraps in a narrow window.
    await beside.ask('POST', '/commands', `echo ${'many words '.repeat(60)}`);
    await waitForWords(findCommand(page, 'c11'), 'queued');
    const isSeen = `(() => {
      const { bottom } = document.querySelector('.command:last-child').getBoundingClientRect();
      return bottom <= document.querySelector('#run-form').getBoundingClientRect().top + 1;
    })()`;
    for (const change of [
      () => openPanel(page, 'session'),
      () => page.setViewportSize({ width: 1280, height: 500 }),
      () => page.setViewportSize({ width: 360, height: 400 }),
      () => page.setViewportSize({ width: 2560, height: 800 }),
      () => page.setViewportSize({ width: 360, height: 800 }),
      () => page.setViewportSize({ width: 1280, height: 800 }),
    ]) {
      await change();
      await page.evaluate(
        'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
      );
      await eventually('the newest command is in view', 5_000, () => page.evaluate<boolean>(isSeen));
    }
  });

  test('the visitor has scrolled up: a new command does not scroll the transcript', async () => {
    const visitor = await visit(browser, relay, { expected });
    const { page } = visitor;
    const beside = await makeEveryState(visitor, relay);
    await page.locator('#transcript').hover();
    const place = 'document.querySelector("#transcript").scrollTop';
    const end = await page.evaluate<number>(place);
    const isUp = async () => (await page.evaluate<number>(place)) <= end - 250;
    await page.mouse.wheel(0, -250);
    await eventually('the transcript has scrolled', 5_000, isUp);
    const before = await page.evaluate<number>(place);
    await beside.ask('POST', '/commands', 'date');
    await waitForWords(findCommand(page, 'c11'), 'queued');
    expect(await page.evaluate<number>(place)).toBe(before);
  });

  test('a long command in the prompt: the field grows, and leaves room for the transcript', async () => {
    const visitor = await visit(browser, relay, { width: 360 });
    const { page } = visitor;
    await makeOnPage(visitor);
    const field = page.getByLabel('command', { exact: true });
    await field.fill(`echo ${'word '.repeat(20)}`);
    expect(await field.evaluate((one) => one.scrollHeight - one.clientHeight)).toBe(0);
    const lower = await field.evaluate((one) => one.clientHeight);
    await field.fill('short');
    expect(await field.evaluate((one) => one.clientHeight)).toBeLessThan(lower);
    await page.setViewportSize({ width: 320, height: 480 });
    await field.fill(Array.from({ length: 14 }, (_, at) => `line ${at}`).join('\n'));
    const form = await page.locator('#run-form').boundingBox();
    const transcript = await page.locator('#transcript').boundingBox();
    if (!form || !transcript) throw new Error('not shown');
    expect(form.y).toBeGreaterThanOrEqual(transcript.y + transcript.height);
    expect(form.y + form.height).toBeLessThanOrEqual(480);
  });

  test('the question before a session ends: completely in view on a phone', async () => {
    const visitor = await visit(browser, relay, { width: 360 });
    const { page } = visitor;
    await page.setViewportSize({ width: 360, height: 640 });
    await makeOnPage(visitor);
    await openPanel(page, 'session');
    await page.getByRole('button', { name: 'end the session' }).click();
    const panel = await page.locator('#panels').boundingBox();
    const question = await page.locator('#end-question').boundingBox();
    if (!panel || !question) throw new Error('not shown');
    expect(question.y).toBeGreaterThanOrEqual(panel.y);
    expect(question.y + question.height).toBeLessThanOrEqual(panel.y + panel.height);
  });
});
