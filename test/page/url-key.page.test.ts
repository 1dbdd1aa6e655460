import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { hasChromium, useBrowser, visit, visitThroughProxy } from './browser.ts';
import {
  endSession,
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openKey,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The session key in the URL: which key the page opens, when it asks the visitor, and where the key must never appear.

const relay = useRelay();
const browser = useBrowser();

async function createSession(): Promise<SessionPayload> {
  return (await curl(['-X', 'POST', `${relay.url}/api/session`])).json<SessionPayload>();
}

async function setHash(page: Page, text: string): Promise<void> {
  await page.evaluate(`location.hash = '${text}'`);
}

async function waitForSession(page: Page, key: string): Promise<void> {
  await page.locator('#session-name', { hasText: key.slice(0, 4) }).waitFor();
  await findLight(page, 'waiting').waitFor();
  await page.waitForURL(`**/#${key}`);
}

/** Waits for a round trip, so that the page has handled earlier responses. */
async function waitForRoundTrip(page: Page): Promise<void> {
  await page.evaluate(
    `fetch('./api/health').then((response) => response.text()).then(() => new Promise(requestAnimationFrame))`,
  );
}

const question = (page: Page) => page.locator('#foreign-key');

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a key from a link: a new tab asks, with the focus on "do not open"; after a yes, a reload does not ask', async () => {
    const { key } = await createSession();
    const { page, requests } = await visit(browser, relay, { path: `/#${key}` });
    await question(page).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('foreign-no');
    expect(requests.filter(({ url }) => url.includes('/api/'))).toEqual([]);
    await openKey(page);
    await waitForSession(page, key);
    await page.reload();
    await waitForSession(page, key);
    expect(await question(page).isVisible()).toBe(false);
  });

  test('the key changes while the visitor types: Enter declines, the open session stays, and its reload does not ask', async () => {
    const visitor = await visit(browser, relay);
    const { page, key } = visitor;
    await makeOnPage(visitor);
    const own = key();
    const other = await createSession();
    await page.getByLabel('command', { exact: true }).focus();
    await page.keyboard.type('echo half');
    await setHash(page, other.key);
    await question(page).waitFor();
    // The visitor continues to type, and presses Enter.
    await page.keyboard.press('Enter');
    await question(page).waitFor({ state: 'hidden' });
    expect(key()).toBe(own);
    expect(await page.getByLabel('command', { exact: true }).inputValue()).toBe('echo half');
    await page.reload();
    await waitForSession(page, own);
    expect(await question(page).isVisible()).toBe(false);
  });

  test('the key changes while the question is shown: yes opens only the key in the question', async () => {
    const [first, second] = [await createSession(), await createSession()];
    const { page } = await visit(browser, relay, { path: `/#${first.key}` });
    await question(page).getByText(first.key.slice(0, 4)).waitFor();
    // In one script, so that the click comes before the hashchange event.
    await page.evaluate(`location.hash = '${second.key}'; document.getElementById('foreign-yes').click()`);
    await question(page).getByText(second.key.slice(0, 4)).waitFor();
    expect(await page.locator('#session').isVisible()).toBe(false);
    await setHash(page, 'not-a-key');
    await page.getByRole('alert').getByText('is not a session key').waitFor();
    expect(await question(page).isVisible()).toBe(false);
  });

  test('the key changes while the first session is being opened: the second one opens, and nothing of the first is shown', async () => {
    const { proxy, visitor } = await visitThroughProxy(browser, relay);
    const { page, key } = visitor;
    await makeOnPage(visitor);
    const first = key();
    await (await openBeside(relay, visitor)).ask('POST', '/commands', 'echo of the first');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await setHash(page, '');
    await page.locator('#start').waitFor();
    expect(await page.title()).toBe('remotify');
    expect(await page.locator('#session-name').textContent()).toBe('');
    await makeOnPage(visitor);
    const second = key();
    expect(second).not.toBe(first);
    // The tab trusts both keys now. The response with the first session is slow.
    let slow = 0;
    let answered = 0;
    proxy.setRules({
      onRequest: ({ verb }) => (verb === 'self' && slow++ === 0 ? { fault: 'delay', ms: 1_000 } : undefined),
      onAnswer: ({ verb }) => {
        if (verb === 'self') answered++;
        return undefined;
      },
    });
    await setHash(page, first);
    await page.locator('#make', { hasText: 'opening the session' }).waitFor();
    await setHash(page, second);
    await waitForSession(page, second);
    await eventually('both responses have arrived', 10_000, () => answered === 2);
    await waitForRoundTrip(page);
    await waitForSession(page, second);
    expect(await page.locator('.command').count()).toBe(0);
    await runOnPage(page, 'echo of the second');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    expect(await page.locator('.command-text').allTextContents()).toEqual(['c1 echo of the second']);
    expect(key()).toBe(second);
  });

  test.each([
    ['runs', true],
    ['is queued', false],
  ])(
    'another session is opened while a file is sent to a command that %s: the page cancels the command',
    async (_title, hasListener) => {
      const { proxy, visitor } = await visitThroughProxy(browser, relay);
      const { page } = visitor;
      if (hasListener) await startOnPage(visitor);
      else await makeOnPage(visitor);
      const beside = await openBeside(relay, visitor);
      // The first part arrives. The other parts get no response until the page gives up.
      let parts = 0;
      proxy.setRules({
        onRequest: ({ verb }) => (verb === 'stdin' && ++parts > 1 ? { fault: 'black-hole' } : undefined),
      });
      const buffer = Buffer.alloc(3_000_000, 'x');
      await page.locator('#file').setInputFiles({ name: 'long', mimeType: 'text/plain', buffer });
      await runOnPage(page, 'cat');
      await waitForWords(findCommand(page, 'c1'), hasListener ? 'running' : 'queued');
      await eventually('the second part is being sent', 10_000, () => parts > 1);
      const other = await createSession();
      await setHash(page, other.key);
      await openKey(page);
      await waitForSession(page, other.key);
      const ended = await eventually('the command of the first session ends', 15_000, async () => {
        const view = (await beside.ask('GET', '/commands/c1')).json();
        return view['ended_at'] !== null && view;
      });
      expect(ended).toMatchObject(
        hasListener ? { state: 'finished', signal: 'TERM' } : { state: 'cancelled' },
      );
      expect(await page.locator('.command').count()).toBe(0);
      expect(await page.getByRole('alert').textContent()).toBe('');
    },
  );

  test('the key is removed from the URL while a session is being opened: it stays closed', async () => {
    const { proxy, visitor } = await visitThroughProxy(browser, relay);
    const { page, key } = visitor;
    await makeOnPage(visitor);
    const own = key();
    await setHash(page, '');
    await page.locator('#start').waitFor();
    let answered = 0;
    proxy.setRules({
      onRequest: ({ verb }) => (verb === 'self' ? { fault: 'delay', ms: 500 } : undefined),
      onAnswer: ({ verb }) => {
        if (verb === 'self') answered++;
        return undefined;
      },
    });
    await setHash(page, own);
    await page.locator('#make', { hasText: 'opening the session' }).waitFor();
    await setHash(page, '');
    await page.locator('#make', { hasText: 'create a session' }).waitFor();
    await eventually('the response has arrived', 10_000, () => answered === 1);
    await waitForRoundTrip(page);
    expect(await page.locator('#session').isVisible()).toBe(false);
    expect(key()).toBe('');
    // A session can be created at once.
    proxy.setRules({});
    await makeOnPage(visitor);
  });

  test('back and forward: each history entry opens its session without a question', async () => {
    const visitor = await visit(browser, relay);
    const { page, key } = visitor;
    await makeOnPage(visitor);
    const first = key();
    const second = await createSession();
    await setHash(page, second.key);
    await openKey(page);
    await waitForSession(page, second.key);
    await page.goBack();
    await waitForSession(page, first);
    await page.goForward();
    await waitForSession(page, second.key);
    await setHash(page, '');
    await page.locator('#start').waitFor();
    await page.goBack();
    await waitForSession(page, second.key);
    expect(await question(page).isVisible()).toBe(false);
    await endSession(page);
    await page.locator('#light-words', { hasText: 'session ended' }).waitFor();
    expect(key()).toBe('');
  });

  test.each([
    ['in upper case', (key: string) => key.toUpperCase(), 'is not a session key'],
    ['followed by a query', (key: string) => `${key}?a=b`, 'is not a session key'],
    ['with a percent-encoded digit', (key: string) => key.replace(/^./, '%61'), 'is not a session key'],
    ['of 33 digits', (key: string) => `${key}0`, 'is not a session key'],
  ])(
    'a key %s: the page shows an error, and the URL keeps the key of the open session',
    async (_title, change, words) => {
      const visitor = await visit(browser, relay);
      const { page, key } = visitor;
      await makeOnPage(visitor);
      const own = key();
      await setHash(page, change((await createSession()).key));
      await page.getByRole('alert').getByText(words).waitFor();
      await page.locator('#session').waitFor();
      expect(key()).toBe(own);
      await page.reload();
      await waitForSession(page, own);
    },
  );

  test('a listener key: the page shows an error that does not contain the key', async () => {
    const { listener_key: listenerKey } = await createSession();
    const { page } = await visit(browser, relay, { path: `/#${listenerKey}`, expected: /status of 403/ });
    await openKey(page);
    await page.getByRole('alert').getByText('this is a listener key, not a session key').waitFor();
    await page.getByRole('button', { name: 'create a session' }).waitFor();
    expect(await page.locator('body').innerText()).not.toContain(listenerKey);
  });

  test('a link changes the URL while a session is being created: the new session opens, and the question closes', async () => {
    const proxy = await forTest(startFaultProxy());
    proxy.aim(relay);
    const { page, key } = await visit(browser, proxy);
    const other = await createSession();
    proxy.setRules({
      onRequest: ({ method }) => (method === 'POST' ? { fault: 'delay', ms: 700 } : undefined),
    });
    await page.getByRole('button', { name: 'create a session' }).click();
    await setHash(page, other.key);
    await question(page).waitFor();
    await page.locator('#session').waitFor();
    expect(await question(page).isVisible()).toBe(false);
    expect(await page.locator('#start').isVisible()).toBe(false);
    expect(key()).not.toBe(other.key);
    await findLight(page, 'waiting').waitFor();
  });

  test('window.open from or to another page: neither page gets a handle of the other', async () => {
    const opener = await visit(browser, relay);
    const other = await forTest(startRelay());
    const { page } = await visit(browser, other);
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate(`globalThis.handle = open('${relay.url}/'); 0`),
    ]);
    await opened.locator('#make').waitFor();
    expect(await opened.evaluate('opener')).toBeNull();
    expect(await page.evaluate('handle.closed')).toBe(true);
    const [second] = await Promise.all([
      opener.page.waitForEvent('popup'),
      opener.page.evaluate(`globalThis.handle = open('${other.url}/'); 0`),
    ]);
    await second.locator('#make').waitFor();
    expect(await second.evaluate('opener')).toBeNull();
  });

  test('the session key: never in a request URL, Referer, storage, title, or the page after the session ended', async () => {
    const visitor = await visit(browser, relay, { expected: /status of 410/ });
    const { page, key, requests } = visitor;
    await startOnPage(visitor);
    const secret = key();
    await runOnPage(page, 'echo one');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    await page.reload();
    await findLight(page, 'ready').waitFor();
    expect(await page.title()).not.toContain(secret.slice(0, 8));
    const stored = `(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, name,
      (await indexedDB.databases()), (await caches.keys()), history.state]))()`;
    expect(await page.evaluate(stored)).not.toContain(secret);
    await (await openBeside(relay, visitor)).ask('DELETE', '');
    await page.locator('#light-words', { hasText: 'the relay does not know this session' }).waitFor();
    expect(await page.content()).not.toContain(secret);
    // The browser reports the URL of the page itself with the part after #, which is not sent.
    for (const { url, referrer } of requests) {
      expect(url.replace(/#.*/, '')).not.toContain(secret);
      expect(referrer ?? '').not.toContain(secret);
    }
  });
});
