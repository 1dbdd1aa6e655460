import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startListener } from '../harness/listener.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { makeEveryState } from './every-state.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openPanel,
  readLine,
  runOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The page used by keyboard only.

const relay = useRelay();
const browser = useBrowser();

interface Focus {
  name: string;
  /** Why the focus is not visible; empty if it is. */
  fault: string;
}

/** The focused element, and whether its whole outline is in view after scrolling. Output that is too high may be partly in view. */
const readFocus = `new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))).then(() => {
  const at = document.activeElement;
  if (at === document.body) return { name: 'body', fault: 'the focus is lost' };
  const name = (at.labels?.[0] ?? at).textContent.trim().replaceAll(/\\s+/g, ' ') || at.id || at.tagName;
  const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(at);
  if (outlineStyle !== 'solid' || outlineWidth !== '3px') return { name, fault: 'outline ' + outlineStyle };
  const around = 3 + parseFloat(outlineOffset);
  const box = at.getBoundingClientRect();
  const isWithin = ({ left, top, right, bottom }) =>
    box.left - around >= left - 0.5 && box.right + around <= right + 0.5 &&
    (box.height + 2 * around > bottom - top
      ? box.top < bottom && box.bottom > top
      : box.top - around >= top - 0.5 && box.bottom + around <= bottom + 0.5);
  for (let one = at.parentElement; one; one = one.parentElement)
    if (getComputedStyle(one).overflow !== 'visible' && !isWithin(one.getBoundingClientRect()))
      return { name, fault: 'clipped by ' + (one.id || one.className) };
  if (box.bottom <= 0 || box.top >= innerHeight) return { name, fault: 'out of view' };
  return { name, fault: '' };
})`;

/** The name of the focused element after these keys. Fails if the focus is lost or not visible. */
async function press(page: Page, ...keys: string[]): Promise<string> {
  let name = '';
  for (const key of keys) {
    await page.keyboard.press(key);
    const focus = await page.evaluate<Focus>(readFocus);
    expect(focus.fault, `${key}: ${focus.name}`).toBe('');
    name = focus.name;
  }
  return name;
}

/** Presses Tab until the element with this name has the focus. */
async function tabTo(page: Page, wanted: string, key = 'Tab'): Promise<void> {
  for (let step = 0; step < 60; step++) if ((await press(page, key)) === wanted) return;
  throw new Error(`${wanted} is not reached by ${key}`);
}

/** Pairs of elements whose Tab order differs from their order on the page. Checks each scrolling part, and the order of the parts. */
const findDisorder = `['#bar', '#panels', '#transcript', '#run-form', 'body'].flatMap((part) => {
  const inside = part === 'body' ? '#bar, #panels, #transcript, #run-form' : 'button, textarea, summary, [tabindex="0"]';
  const all = [...document.querySelector(part).querySelectorAll(inside)]
    .filter((one) => one.checkVisibility())
    .map((one) => ({ name: one.id || one.textContent.trim().slice(0, 40), box: one.getBoundingClientRect() }));
  return all.flatMap(({ name, box }, at) => {
    const next = all[at + 1];
    if (!next || name === 'skip') return [];
    const isAbove = next.box.bottom <= box.top;
    const isBefore = next.box.top < box.bottom && box.top < next.box.bottom && next.box.right <= box.left;
    return isAbove || isBefore ? [name + ' > ' + next.name] : [];
  });
})`;

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a whole session by keyboard: the focus is never lost and always visible', async () => {
    const { page } = await visit(browser, relay);
    await page.getByRole('button', { name: 'create a session' }).waitFor();
    expect(await press(page, 'Tab')).toBe('create a session');
    await page.keyboard.press('Enter');
    await page.locator('#remote-title:focus').waitFor();
    expect(await press(page, 'Tab')).toBe('copy the supervised line');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'copied the supervised line' }).waitFor();
    const line = await readLine(page, 'supervised');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(line);
    // Escape closes a panel, Enter opens it again, and the focus stays with its tab.
    expect(await press(page, 'Escape')).toBe('connect');
    expect(await page.locator('#remote').isVisible()).toBe(false);
    expect(await press(page, 'Enter', 'Tab', 'Enter', 'Escape')).toBe('other clients');
    expect(await press(page, 'Shift+Tab', 'Enter', 'Tab', 'Tab', 'Tab')).toMatch(
      /^cop(?:y|ied) the supervised line$/,
    );
    expect(await press(page, 'Tab', 'Enter', 'Tab')).toBe('copy the auto line');
    // The panel folds when a listener connects.
    await forTest(startListener(await readLine(page, 'auto')));
    await page.locator('#remote-tab:focus').waitFor();
    await findLight(page, 'ready').waitFor();

    expect(await press(page, 'Shift+Tab')).toBe('skip to the prompt');
    expect(await press(page, 'Enter')).toBe('command');
    await page.keyboard.type(`echo ${'wide '.repeat(60)}; seq 100`);
    await page.keyboard.press('Enter');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await press(page, 'Shift+Tab')).toBe('show all 101 rows of the output of c1');
    expect(await press(page, 'Enter')).toBe('show less of the output of c1');
    await tabTo(page, 'wrap long rows of c1', 'Shift+Tab');
    expect(await press(page, 'Enter', 'Tab')).toBe('copy the output of c1');
    await page.keyboard.press('Enter');
    await page.locator('#said', { hasText: 'output of c1 copied' }).waitFor({ state: 'attached' });
    await press(page, 'Tab');
    const downloading = page.waitForEvent('download');
    expect(await press(page, 'Enter')).toBe('download the output of c1');
    await (await downloading).path();
    expect(await press(page, 'Tab', 'Enter')).toBe('command');
    expect(await page.getByLabel('command', { exact: true }).inputValue()).toContain('seq 100');

    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('echo on; sleep 600');
    await page.keyboard.press('Enter');
    await findCommand(page, 'c2').getByText('on', { exact: true }).waitFor();
    expect(await press(page, 'ArrowUp')).toBe('command');
    expect(await page.getByLabel('command', { exact: true }).inputValue()).toBe('echo on; sleep 600');
    await tabTo(page, 'stop c2', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await waitForWords(findCommand(page, 'c2'), 'ended by SIGTERM');
    // The button is hidden, so its command has the focus.
    expect((await page.evaluate<Focus>(readFocus)).name).toBe('c2 echo on; sleep 600');

    await page.locator('#key-section-tab').focus();
    await press(page, 'Enter');
    await tabTo(page, 'end the session');
    expect(await press(page, 'Enter')).toBe('keep it');
    expect(await press(page, 'Enter')).toBe('end the session');
    expect(await press(page, 'Enter', 'Shift+Tab')).toBe('end it');
    await page.keyboard.press('Enter');
    await page.locator('#make:focus').waitFor();
  });

  test.each([360, 1280])(
    '%d px: the Tab order is the order on the page, and each focused element is in view',
    async (width) => {
      const visitor = await visit(browser, relay, { width, expected: /status of 400/ });
      const { page } = visitor;
      await makeEveryState(visitor, relay);
      for (const panel of ['connect', 'other clients', 'session'] as const) {
        await openPanel(page, panel);
        expect(await page.evaluate<string[]>(findDisorder), panel).toEqual([]);
      }
      await page.locator('#skip').focus();
      const names = new Set<string>();
      for (let step = 0; step < 60; step++) {
        names.add(await press(page, 'Tab'));
        if (names.has('send a file as stdin')) break;
      }
      expect([...names]).toEqual(expect.arrayContaining(['session', 'end the session', 'stop c9', 'run']));
      expect(names.size).toBeGreaterThan(25);
    },
  );

  test('the focused element is hidden: the focus moves to the next useful element', async () => {
    const visitor = await visit(browser, relay, { expected: /status of (?:403|404|410)/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const own = visitor.key();
    const beside = await openBeside(relay, visitor);
    await beside.listenAs({}, 'GET', '/next?wait=0');
    await findLight(page, 'ready').waitFor();
    await openPanel(page, 'connect');
    await page.getByText('run without approval').click();
    await page.getByRole('button', { name: 'copy the auto line' }).focus();
    await beside.listenAs({}, 'POST', '/leave', '');
    await page.locator('#remote-title:focus').waitFor();

    const other = (await curl(['-X', 'POST', `${relay.url}/api/session`])).json<{ key: string }>().key;
    await page.evaluate(`location.hash = '${other}'`);
    await page.locator('#foreign-no:focus').waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.locator('#transcript:focus').waitFor();
    await page.evaluate(`location.hash = '${own}'`);
    await page.locator('#session-name', { hasText: own.slice(0, 4) }).waitFor();

    // Another client ends the session while the visitor types: the next key must not press a button that removes the transcript.
    await runOnPage(page, 'kept');
    await findCommand(page, 'c1').waitFor();
    await page.getByLabel('command', { exact: true }).focus();
    await page.keyboard.type('echo');
    await beside.ask('DELETE', '');
    await page.locator('#transcript:focus').waitFor();
    await page.keyboard.type(' x\n');
    expect(await page.locator('.command-text').allTextContents()).toEqual(['c1 kept']);
    expect(await page.locator('#make').textContent()).toBe('create a session');
  });
});
