import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { hasChromium, type Visit, useBrowser, visit } from './browser.ts';
import {
  type Beside,
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openPanel,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Commands that await approval: their clock, and desktop notifications of a hidden tab.

const relay = useRelay();
const browser = useBrowser();

/** Replaces notifications, which a test cannot see, by a recording class. `leave`: the visitor's answer to the permission prompt. */
const recordNotifications = (leave: 'granted' | 'denied' | 'unusable') => `globalThis.shown = [];
globalThis.asked = 0;
globalThis.Notification = class {
  static async requestPermission() { asked++; return '${leave}'.replace('unusable', 'granted'); }
  constructor(title, options) {
    if ('${leave}' === 'unusable') throw new TypeError('Illegal constructor');
    this.words = title + ' | ' + JSON.stringify(options);
    shown.push(this.words);
  }
  close() { this.isClosed = true; shown = shown.map((words) => words === this.words ? 'closed' : words); }
};`;

/** Makes the page believe that its tab is hidden or visible. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'))`);
}

const operator = { host: 'vm', user: 'ann', mode: 'supervised' } as const;

async function setUp(
  leave: 'granted' | 'denied' | 'unusable',
  front: { url: string } = relay,
): Promise<Visit & { beside: Beside }> {
  const visitor = await visit(browser, front, { expected: /net::ERR_/ });
  const { page } = visitor;
  await page.addInitScript(recordNotifications(leave));
  await page.reload();
  await makeOnPage(visitor);
  const beside = await openBeside(relay, visitor);
  await beside.listenAs(operator, 'GET', '/next?wait=0');
  await findLight(page, 'ready').waitFor();
  expect(await page.evaluate('asked')).toBe(0);
  await openPanel(page, 'session');
  await page.getByRole('button', { name: 'notify me' }).click();
  return { ...visitor, beside };
}

/** Pushes a command as another client, and shows it to the operator. */
async function pushAndAsk({ beside }: { beside: Beside }, text: string): Promise<void> {
  await beside.ask('POST', '/commands', text);
  await beside.listenAs(operator, 'GET', '/next');
}

const readShown = (page: Page) => page.evaluate<string[]>('shown');

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('each command that awaits approval notifies, even if the page missed the end of the previous one; no command text in it', async () => {
    const proxy = await forTest(startFaultProxy());
    proxy.aim(relay);
    const visitor = await setUp('granted', proxy);
    const { page, beside } = visitor;
    await setHidden(page, true);
    await pushAndAsk(visitor, 'echo secret-one');
    await waitForWords(findCommand(page, 'c1'), 'waiting for approval');
    const words = 'remotify: a command is waiting for approval | {"body":"ann@vm"}';
    await expect.poll(() => readShown(page)).toEqual([words]);
    // Both happen between two polls of the page: until then, its requests fail.
    proxy.setRules({ onRequest: ({ side }) => (side === 'client' ? { fault: 'reset' } : undefined) });
    proxy.cutHeld();
    await page.locator('#away').waitFor();
    await beside.listenAs(operator, 'POST', '/commands/c1/decline', 'no secret-two');
    await pushAndAsk(visitor, 'echo secret-three');
    proxy.setRules({});
    await waitForWords(findCommand(page, 'c2'), 'waiting for approval');
    await expect.poll(() => readShown(page)).toEqual(['closed', words]);
    expect(await page.title()).toMatch(/^\? approval\? [0-9a-f]{4}… – remotify$/);
    await setHidden(page, false);
    await expect.poll(() => readShown(page)).toEqual(['closed', 'closed']);
    // A visible tab shows no notification.
    await beside.listenAs(operator, 'POST', '/commands/c2/decline', '');
    await findLight(page, 'ready').waitFor();
    expect(await readShown(page)).toHaveLength(2);
  });

  test('the operator approves while the tab is hidden: the notification closes; at the end of the command, another one appears', async () => {
    const visitor = await setUp('granted');
    const { page, beside } = visitor;
    await setHidden(page, true);
    await pushAndAsk(visitor, 'true');
    await expect.poll(() => readShown(page)).toHaveLength(1);
    await beside.listenAs(operator, 'POST', '/commands/c1/start');
    await findLight(page, 'busy').waitFor({ state: 'attached' });
    await expect.poll(() => readShown(page)).toEqual(['closed']);
    await beside.listenAs(operator, 'POST', '/commands/c1/finish?exit_status=0');
    await expect
      .poll(() => readShown(page))
      .toEqual(['closed', 'remotify: the command ended | {"body":"ann@vm"}']);
  });

  test('notification permission denied: a message beside the button, and no notification', async () => {
    const visitor = await setUp('denied');
    const { page } = visitor;
    await page.getByText('this browser blocks notifications').waitFor();
    expect(await page.locator('#notify').getAttribute('aria-pressed')).toBe('false');
    await page.getByRole('button', { name: 'notify me' }).click();
    expect(await page.evaluate('asked')).toBe(2);
    await pushAndAsk(visitor, 'true');
    await findLight(page, 'asking').waitFor();
    expect(await readShown(page)).toEqual([]);
  });

  test('a phone browser that grants the permission but has no page notifications: a message, and the page still works', async () => {
    const visitor = await setUp('unusable');
    const { page } = visitor;
    await setHidden(page, true);
    await pushAndAsk(visitor, 'true');
    await findLight(page, 'asking').waitFor();
    await page.getByText('this browser blocks notifications').waitFor();
    await setHidden(page, false);
    await waitForWords(findCommand(page, 'c1'), 'waiting for approval');
    expect(await page.getByRole('alert').textContent()).toBe('');
  });

  test('a local clock that is two hours off: durations in the bar and on the card are by the clock of the relay', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    for (const hours of [-2, 2]) {
      await page.addInitScript(`{ const real = globalThis.realNow ??= Date.now;
        Date.now = () => real() + ${hours * 3_600_000}; }`);
      await page.goto(`${relay.url}/`);
      await page.evaluate('history.replaceState(null, "", "/")');
      await makeOnPage(visitor);
      const beside = await openBeside(relay, visitor);
      await beside.listenAs(operator, 'GET', '/next?wait=0');
      await pushAndAsk({ beside }, 'true');
      await findLight(page, 'asking').waitFor();
      await page.locator('#light-clock', { hasText: /^, \d s$/ }).waitFor();
      await findCommand(page, 'c1')
        .locator('.time', { hasText: /^, \d s$/ })
        .waitFor();
      await beside.listenAs(operator, 'POST', '/commands/c1/start');
      await findLight(page, 'busy').waitFor();
      await page.locator('#light-clock', { hasText: /^, \d s$/ }).waitFor();
    }
  });

  test('a command that was queued before it awaits approval: the clock counts from the approval prompt', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await page.clock.install();
    await page.reload();
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'true');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    const time = findCommand(page, 'c1').locator('.time');
    // The page uses the relay's clock, which the test cannot move: wait in real time.
    await time.getByText(/, [3-9] s$/).waitFor();
    await beside.listenAs(operator, 'GET', '/next');
    await waitForWords(findCommand(page, 'c1'), 'waiting for approval');
    // Less than the time in the queue.
    await time.getByText(/^, [12] s$/).waitFor();
  });

  test('an approval prompt from ten minutes ago: its clock shows 10 minutes, also after a reload', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.listenAs(operator, 'GET', '/next?wait=0');
    await page.route('**/commands', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const response = await route.fetch();
      const answer = (await response.json()) as { commands: { shown_at: number | null }[] };
      const commands = answer.commands.map((command) => ({
        ...command,
        shown_at: command.shown_at === null ? null : command.shown_at - 600_000,
      }));
      return route.fulfill({ response, json: { ...answer, commands } });
    });
    await pushAndAsk({ beside }, 'true');
    for (const isReloaded of [false, true]) {
      if (isReloaded) await page.reload();
      await findLight(page, 'asking').waitFor();
      await page.locator('#light-clock', { hasText: /^, 10 m/ }).waitFor();
      await findCommand(page, 'c1')
        .locator('.time', { hasText: /^, 10 m/ })
        .waitFor();
    }
  });
});
