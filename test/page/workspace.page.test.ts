import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page, Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { hasChromium, useBrowser, visit, visitThroughProxy } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openGate,
  openPanel,
  readLine,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The workspace: what is in view and what is folded, long output, notifications, and foreign keys.

const relay = useRelay();
const browser = useBrowser();

async function isInView(page: Page, selector: string): Promise<boolean> {
  const box = await page.locator(selector).first().boundingBox();
  const { height, width } = page.viewportSize() ?? { height: 0, width: 0 };
  return (
    box !== null && box.y >= 0 && box.y + box.height <= height && box.x >= 0 && box.x + box.width <= width
  );
}

/** Records notifications of the page, and how often it asked for permission. */
const spyOnNotifications = `globalThis.shown = [];
globalThis.asked = 0;
globalThis.Notification = class {
  static async requestPermission() { asked++; return 'granted'; }
  constructor(title, { body }) { shown.push(title + ' | ' + body); }
  close() {}
};`;

const hide = `Object.defineProperty(document, 'hidden', { configurable: true, value: true });
document.dispatchEvent(new Event('visibilitychange'))`;

describe.skipIf(!hasChromium)('in chromium', { timeout: 90_000 }, () => {
  test('the start page: title, three steps, the picture of two terminals, the version, and one button', async () => {
    const { page } = await visit(browser, relay);
    for (const selector of ['#promise-title', '.steps', '.picture', '#make'])
      expect(await isInView(page, selector), selector).toBe(true);
    expect(await page.locator('.steps li').count()).toBe(3);
    expect(await page.locator('.picture').innerText()).toMatch(
      /remotify exec[^]*run it\? \[y\/N, n REASON, …\] y/,
    );
    expect(await page.getByRole('button').count()).toBe(1);
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await page.locator('.version').innerText()).toBe(`remotify ${version}`);
  });

  test.each([360, 768, 1280])(
    '%d px, connected: the bar, the newest command and the prompt are in view, and all panels are folded',
    async (width) => {
      const visitor = await visit(browser, relay, { width });
      const { page } = visitor;
      await startOnPage(visitor);
      await runOnPage(page, 'seq 100');
      await waitForWords(findCommand(page, 'c1'), 'exit status 0');
      await runOnPage(page, 'echo newest');
      await waitForWords(findCommand(page, 'c2'), 'exit status 0');
      for (const selector of [
        '#bar',
        '#command',
        '.command:last-child .command-text',
        '.command:last-child .output',
      ])
        expect(await isInView(page, selector), selector).toBe(true);
      for (const id of ['remote', 'elsewhere', 'key-section'])
        expect(await page.locator(`#${id}`).isVisible(), id).toBe(false);
      expect(await page.evaluate('document.documentElement.scrollHeight - innerHeight')).toBeLessThanOrEqual(
        0,
      );
      await openPanel(page, 'other clients');
      expect(await isInView(page, '#command')).toBe(true);
    },
  );

  test('a new session: the supervised line is shown, and the auto line is folded', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    expect(await page.locator('[data-line="supervised"]').isVisible()).toBe(true);
    expect(await page.locator('[data-line="auto"]').isVisible()).toBe(false);
    await page.getByText('run without approval…').click();
    await page.locator('[data-line="auto"]').waitFor();
    await page.getByText('No approval.').waitFor();
  });

  test('a command that awaits approval: shown by its clock, colour, the tab title, and a notification if they are on', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await page.addInitScript(spyOnNotifications);
    await page.reload();
    await makeOnPage(visitor);
    expect(await page.evaluate('asked')).toBe(0);
    await openPanel(page, 'session');
    await page.getByRole('button', { name: 'notify me' }).click();
    expect(await page.evaluate('asked')).toBe(1);
    const beside = await openBeside(relay, visitor);
    await beside.listenAs({ host: 'vm', user: 'ann', mode: 'supervised' }, 'GET', '/next?wait=0');
    await findLight(page, 'ready').waitFor();
    await page.evaluate(hide);
    await runOnPage(page, 'reboot');
    await beside.listenAs({ host: 'vm', user: 'ann', mode: 'supervised' }, 'GET', '/next');
    await findLight(page, 'asking').waitFor();
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'waiting for approval');
    await command.locator('.time', { hasText: /, [2-9] s$/ }).waitFor();
    await page.locator('#light-clock', { hasText: /, \d+ s$/ }).waitFor();
    expect(await page.title()).toMatch(/^\? approval\? [0-9a-f]{4}… – remotify$/);
    const colour = (selector: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).color`);
    expect(await colour('.words')).not.toBe(await colour('.time'));
    expect(await page.evaluate('shown')).toEqual(['remotify: a command is waiting for approval | ann@vm']);
  });

  test.each([
    ['supervised', 'asking'],
    ['auto', 'busy'],
  ] as const)(
    'the status reports a picked-up command (%s) while the list is in flight: the bar waits for the list',
    async (mode, state) => {
      const { proxy, visitor } = await visitThroughProxy(browser, relay);
      const { page } = visitor;
      await makeOnPage(visitor);
      const beside = await openBeside(relay, visitor);
      await beside.listenAs({ mode }, 'GET', '/next?wait=0');
      await findLight(page, 'ready').waitFor();
      const held: Route[] = [];
      let isHolding = true;
      // Both responses contain the state of the command.
      await page.route(/\/commands$|\/output\?/, (route) =>
        isHolding && route.request().method() === 'GET' ? void held.push(route) : route.continue(),
      );
      await runOnPage(page, 'true');
      await waitForWords(findCommand(page, 'c1'), 'queued');
      await page.evaluate(`globalThis.lights = [];
        new MutationObserver(() => lights.push(document.getElementById('light').dataset.state))
          .observe(document.getElementById('light'), { attributeFilter: ['data-state'] })`);
      let revision = -1;
      let isRead = false;
      proxy.setRules({
        onRequest: ({ target }) => {
          isRead ||= target.includes(`/status?after=${revision}&`);
          return undefined;
        },
        onAnswer: ({ verb }, { body }) => {
          if (verb !== 'status') return undefined;
          const status = JSON.parse(body.toString('utf8')) as { current: string | null; revision: number };
          if (status.current === 'c1') ({ revision } = status);
          return undefined;
        },
      });
      await beside.listenAs({ mode }, 'GET', '/next');
      await eventually('the page has read that a command was picked up', 10_000, () => isRead);
      expect(await page.locator('#light-words').textContent()).toContain(': connected, ');
      isHolding = false;
      for (const route of held) await route.continue();
      await findLight(page, state).waitFor();
      await waitForWords(findCommand(page, 'c1'), state === 'asking' ? 'waiting for approval' : 'running');
      const lights = new Set(await page.evaluate<string[]>('lights'));
      lights.delete('ready');
      expect([...lights]).toEqual([state]);
    },
  );

  test('the listener disconnects: the line is shown again, with a request to paste it', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const listener = await startOnPage(visitor);
    expect(await page.locator('#remote').isVisible()).toBe(false);
    await listener.stop();
    await findLight(page, 'gone').waitFor();
    await page.getByText('The listener disconnected: paste the line on the remote again.').waitFor();
    await page.locator('[data-line="supervised"]').waitFor();
  });

  test('long output: folded with a shade; buttons show all, wrap, copy and download it', async () => {
    const visitor = await visit(browser, relay, { width: 360 });
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, `echo ${'wide '.repeat(60)}; seq 200; echo last >&2`);
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    const output = command.locator('.output');
    await expect.poll(() => output.getAttribute('class')).toContain('more-above');
    const height = async () => (await output.boundingBox())?.height ?? 0;
    const folded = await height();
    const rowHeight = 'document.querySelector(".output .stdout").getBoundingClientRect().height';
    const oneRow = await page.evaluate<number>(rowHeight);
    await command.getByRole('button', { name: 'show all 202 rows' }).click();
    expect(await height()).toBeGreaterThan(folded);
    await command.getByRole('button', { name: 'wrap' }).click();
    expect(await page.evaluate<number>(rowHeight)).toBeGreaterThan(oneRow);
    await command.getByRole('button', { name: 'show less' }).click();
    const whole = `${'wide '.repeat(60).trimEnd()}\n${Array.from({ length: 200 }, (_, at) => at + 1).join('\n')}\nlast\n`;
    await command.getByRole('button', { name: 'copy' }).click();
    await page.locator('#said', { hasText: 'output of c1 copied' }).waitFor({ state: 'attached' });
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(whole);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      command.getByRole('button', { name: 'download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('remotify-c1.txt');
    expect(await readFile(await download.path(), 'utf8')).toBe(whole);
  });

  test('colours and redraws in output: shown as colours, and as one row', async () => {
    const visitor = await visit(browser, relay, { scheme: 'dark' });
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(
      page,
      `printf 'plain \\033[32mgreen\\033[0m \\033[38;5;208morange\\033[0m\\n'; printf '10%%\\r20%%\\r100%%\\n'`,
    );
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    expect(await readOutput(command, 'stdout')).toEqual(['plain green orange', '100%']);
    const colour = (name: string) =>
      page.evaluate<string>(`getComputedStyle([...document.querySelectorAll('.output span')]
        .find(({ textContent }) => textContent === '${name}')).color`);
    expect(await colour('orange')).toBe('rgb(255, 135, 0)');
    expect(await colour('green')).not.toBe(await colour('orange'));
  });

  test('a declined command: has another tone than a failed one', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await runOnPage(page, 'true');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await beside.listenAs({ mode: 'supervised' }, 'GET', '/next');
    await beside.listenAs({ mode: 'supervised' }, 'POST', '/commands/c1/decline', 'not now');
    await waitForWords(findCommand(page, 'c1'), 'declined by the operator: not now');
    expect(await findCommand(page, 'c1').getAttribute('data-tone')).toBe('declined');
  });

  test('a key that this tab did not create: the page asks before it opens it, also while a session is open', async () => {
    const visitor = await visit(browser, relay);
    const { page, key } = visitor;
    await makeOnPage(visitor);
    const own = key();
    const other = (await curl(['-X', 'POST', `${relay.url}/api/session`])).json<{ key: string }>().key;
    await page.evaluate(`location.hash = '${other}'`);
    await page.getByText('Leave this session and open that one?').waitFor();
    await page.getByRole('button', { name: 'do not open' }).click();
    expect(key()).toBe(own);
    await findLight(page, 'waiting').waitFor();
    await page.evaluate(`location.hash = '${other}'`);
    await page.getByRole('button', { name: 'open the session', exact: true }).click();
    await page.locator('#session-name', { hasText: other.slice(0, 4) }).waitFor();
    const fresh = await visit(browser, relay, { path: `/#${own}` });
    await fresh.page.getByText('that this tab did not create').waitFor();
    expect(fresh.requests.filter(({ url }) => url.includes('/api/'))).toEqual([]);
    const { headers } = await curl([`${relay.url}/`]);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  });

  test('the tab: its title has the session and the state, and it has an icon', async () => {
    const visitor = await visit(browser, relay);
    const { page, key } = visitor;
    expect(await page.title()).toBe('remotify');
    await startOnPage(visitor);
    const gate = await openGate();
    expect(await page.title()).toBe(`● ${key().slice(0, 4)}… – remotify`);
    await runOnPage(page, gate.wait);
    await findLight(page, 'busy').waitFor();
    expect(await page.title()).toBe(`▶ ${key().slice(0, 4)}… – remotify`);
    await gate.open();
    const icon = await curl([`${relay.url}/icon.svg`]);
    expect([icon.status, icon.headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8']);
  });

  test('a chosen file: becomes the stdin of the next command, and of no later one', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 256));
    await page
      .locator('#file')
      .setInputFiles({ name: 'some.bin', mimeType: 'application/octet-stream', buffer: bytes });
    await page.getByText('stdin: some.bin (300.0 kB)').waitFor();
    await runOnPage(page, 'sha256sum');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual([`${hash}  -`]);
    await runOnPage(page, 'cat; echo no input');
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c2'), 'stdout')).toEqual(['no input']);
  });

  test('50 MB of output: the page shows the end within its memory limit, and the download has all of it', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    await forTest(startListener(await readLine(page, 'auto')));
    await findLight(page, 'ready').waitFor();
    const session = await page.context().newCDPSession(page);
    const heapBytes = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    const before = await heapBytes();
    await runOnPage(page, 'seq 1 6600000 | head -c 50000000');
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    await command.getByText('showing the end of').waitFor();
    expect(await command.locator('.output > div').count()).toBeLessThanOrEqual(4_000);
    expect((await heapBytes()) - before).toBeLessThan(16 * 1024 * 1024);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      command.getByRole('button', { name: 'download' }).click(),
    ]);
    const saved = await readFile(await download.path());
    expect(saved.byteLength).toBe(50_000_000);
    expect(saved.subarray(0, 6).toString()).toBe('1\n2\n3\n');
    await command.getByRole('button', { name: 'copy' }).click();
    await page.locator('#said', { hasText: 'download the output' }).waitFor({ state: 'attached' });
  });
});
