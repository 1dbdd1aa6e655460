import { readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startListener } from '../harness/listener.ts';
import { findBarriers, hasChromium, useBrowser, visit } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openPanel,
  readLine,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The page on small screens and slow connections, with keyboards and screen readers, and without JavaScript.

const relay = useRelay();
const browser = useBrowser();

test('the page bundle: four files, at most 70 KB together, and no content from other servers', async () => {
  const folder = fileURLToPath(new URL('../../dist/landing/', import.meta.url));
  const files = await readdir(folder);
  expect(files.toSorted()).toEqual(['icon.svg', 'index.html', 'landing.css', 'landing.js']);
  const sizes = await Promise.all(files.map(async (name) => (await stat(folder + name)).size));
  const weight = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`the page weighs ${weight} bytes`);
  expect(weight).toBeLessThanOrEqual(70_000);
  for (const path of ['/', '/icon.svg', '/landing.css', '/landing.js']) {
    const { text } = await curl([relay.url + path]);
    expect(text, path).not.toMatch(
      /\bsrc="(?!\.\/landing\.js")|@import|url\(|\bstyle=|\bon[a-z]+=|innerHTML|eval\(|<style/,
    );
    // An XML namespace is not requested.
    const named = text.replaceAll('"http://www.w3.org/2000/svg"', '');
    expect(named.match(/https?:\/\/[\w.-]+/g) ?? [], path).toEqual([]);
  }
});

/** The names of the elements that the Tab key reaches, from the focused element on. */
async function walk(page: Page, most: number, key = 'Tab'): Promise<string[]> {
  const names: string[] = [];
  for (let step = 0; step < most; step++) {
    await page.keyboard.press(key);
    const name = await page.evaluate<string>(`(() => {
      const { activeElement: at } = document;
      if (at === document.body) return '';
      const name = at.getAttribute('aria-label');
      return (name ?? (at.labels?.[0] ?? at).textContent).trim().replaceAll(/\\s+/g, ' ') || at.tagName;
    })()`);
    if (name === '') break;
    names.push(name);
  }
  return names;
}

function walkBack(page: Page, most: number): Promise<string[]> {
  return walk(page, most, 'Shift+Tab');
}

async function overflow(page: Page): Promise<number> {
  return await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

describe.skipIf(!hasChromium)('in chromium', { timeout: 90_000 }, () => {
  test('the first visit: requests only the page and its three files', async () => {
    const { page, requests } = await visit(browser, relay);
    await page.getByRole('button', { name: 'create a session' }).waitFor();
    await page.waitForLoadState('networkidle');
    expect(requests.map(({ url }) => new URL(url).pathname).toSorted()).toEqual([
      '/',
      '/icon.svg',
      '/landing.css',
      '/landing.js',
    ]);
  });

  test('without JavaScript: the page shows how to create a session with curl', async () => {
    const { page } = await visit(browser, relay, { javaScriptEnabled: false });
    await page.locator('noscript p').waitFor();
    expect(await page.locator('#start').innerText()).toContain('create the session with curl');
    await page.getByText('curl -fsS -X POST RELAY/api/session').waitFor();
    await page.getByText('RELAY is the address of this page').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await page.locator('#session').isVisible()).toBe(false);
  });

  test('a screen of 320 px: no accessibility violation in any state and scheme, and no horizontal overflow', async () => {
    const visitor = await visit(browser, relay, { width: 320 });
    const { page } = visitor;
    const look = async (state: string) => {
      expect(await findBarriers(page), state).toEqual([]);
      expect(await overflow(page), state).toBeLessThanOrEqual(0);
    };
    await look('at first');
    await makeOnPage(visitor);
    await findLight(page, 'waiting').waitFor();
    await look('without a listener');
    await forTest(startListener(await readLine(page, 'auto')));
    await findLight(page, 'ready').waitFor();
    await runOnPage(
      page,
      `echo ${'long'.repeat(60)}; seq 60; echo 'no such file' >&2; printf 'a\\033b'; exit 3`,
    );
    await waitForWords(findCommand(page, 'c1'), 'exit status 3');
    await runOnPage(page, 'echo on; sleep 600');
    await findCommand(page, 'c2').getByText('on', { exact: true }).waitFor();
    await runOnPage(page, 'echo waits');
    await waitForWords(findCommand(page, 'c3'), 'queued');
    await look('while commands run and wait');
    await page.getByRole('button', { name: 'stop c2' }).click();
    await waitForWords(findCommand(page, 'c2'), 'ended by SIGTERM');
    await openPanel(page, 'other clients');
    await look('with the lines for other clients');
    await openPanel(page, 'session');
    await page.getByRole('button', { name: 'reveal the key' }).click();
    await page.getByRole('button', { name: 'end the session' }).click();
    await look('with the question before the end');
    await page.getByRole('button', { name: 'end it' }).click();
    await page.locator('#light-words', { hasText: 'ended' }).waitFor();
    await look('ended');
  });

  test('a declined command, and a disconnected listener: no accessibility violation', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await runOnPage(page, 'true');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await beside.listenAs({ mode: 'supervised' }, 'GET', '/next');
    await waitForWords(findCommand(page, 'c1'), 'waiting for approval');
    expect(await findBarriers(page)).toEqual([]);
    await beside.listenAs({ mode: 'supervised' }, 'POST', '/commands/c1/decline', 'not now');
    await waitForWords(findCommand(page, 'c1'), 'declined');
    await beside.listenAs({}, 'POST', '/leave', '');
    await findLight(page, 'gone').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  test('keyboard only: create a session, run, recall, stop, end', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#session').waitFor();
    // The focus after that, and the elements that follow.
    await page.locator('#remote-title:focus').waitFor();
    expect(await walk(page, 30)).toEqual([
      'copy the supervised line',
      'run without approval…',
      'command',
      'run',
      'send a file as stdin',
    ]);
    await page.locator('#remote-title').focus();
    await forTest(startListener(await readLine(page, 'auto')));
    // The panel folds, and the focus moves to its tab.
    await findLight(page, 'ready').waitFor();
    await page.locator('#remote').waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.id')).toBe('remote-tab');
    expect(await walk(page, 3)).toEqual(['other clients', 'session', 'command']);

    await page.keyboard.type('echo one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('seq 100');
    await page.keyboard.press('Enter');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    await page.locator('#said', { hasText: 'c1: exit status 0. one 1 2' }).waitFor({ state: 'attached' });
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect(await page.getByLabel('command', { exact: true }).inputValue()).toBe('echo one\nseq 100');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('echo on; sleep 600');
    await page.keyboard.press('Enter');
    await findCommand(page, 'c2').getByText('on', { exact: true }).waitFor();
    // Backwards from the prompt, the newest command comes first.
    expect(await walkBack(page, 2)).toEqual(['output of c2', 'stop c2']);
    await page.keyboard.press('Enter');
    await waitForWords(findCommand(page, 'c2'), 'ended by SIGTERM');
    // The button is hidden, so the focus moves to its command.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('c2 echo on; sleep 600');
    await page.locator('#key-section-tab').focus();
    await page.keyboard.press('Enter');
    const rest = await walk(page, 30);
    expect(rest.slice(0, 2)).toEqual(['reveal the key', 'copy the session key']);
    await page.getByRole('button', { name: 'end the session' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('end-no');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('end');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.locator('#make:focus').waitFor();
  });

  test('the focus outline is visible, reduced motion turns animations off, and a button is at least 44 px high', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    for (const id of ['command', 'run-form button', 'remote-tab']) {
      await page.locator(`#${id}`).first().focus();
      await page.keyboard.press('Shift');
      const width = `getComputedStyle(document.querySelector('#${id}')).outlineWidth`;
      expect(await page.evaluate(width), id).toBe('3px');
    }
    const animations = 'document.getAnimations().length';
    const { page: still } = await visit(browser, relay);
    await still.emulateMedia({ reducedMotion: 'reduce' });
    await makeOnPage({ page: still });
    await findLight(still, 'waiting').waitFor();
    expect(await still.evaluate(animations)).toBe(0);
    await openPanel(page, 'session');
    const { height } = (await page.locator('#reveal').boundingBox()) ?? { height: 0 };
    expect(height).toBeGreaterThanOrEqual(44);
  });
});
