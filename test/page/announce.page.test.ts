import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startListener } from '../harness/listener.ts';
import { finishBeside, makeBeside } from './beside.ts';
import { hasChromium, useBrowser, visit, visitThroughProxy } from './browser.ts';
import { makeEveryState } from './every-state.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openGate,
  openPanel,
  readLine,
  runOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Announcements to screen readers, and the accessibility tree of the page.

const relay = useRelay();
const browser = useBrowser();

/** Records each text of the live region. */
const listen = `globalThis.heard = [];
new MutationObserver(() => {
  const { textContent } = document.getElementById('said');
  if (textContent !== '') heard.push(textContent);
}).observe(document.getElementById('said'), { childList: true })`;

const readHeard = (page: Page) => page.evaluate<string[]>('heard');

async function waitForSentence(page: Page, sentence: string): Promise<void> {
  const isHeard = async () => (await readHeard(page)).join('\n').includes(sentence);
  await eventually(`"${sentence}" is spoken`, 15_000, isHeard);
}

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a new session, its listener, the end of a command, a copied line: each is announced once', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await page.evaluate(listen);
    await makeOnPage(visitor);
    await waitForSentence(page, 'session created');
    await waitForSentence(page, 'no listener: paste the line on the remote');
    await forTest(startListener(await readLine(page, 'auto')));
    await findLight(page, 'ready').waitFor();
    await waitForSentence(page, ': connected');
    await runOnPage(page, 'echo hello; seq 3');
    await waitForSentence(page, 'c1: exit status 0. hello 1 2 3');
    await openPanel(page, 'other clients');
    await page.getByRole('button', { name: 'copy the curl line' }).click();
    await waitForSentence(page, 'curl line copied');

    // The clock of a running command is not announced.
    const gate = await openGate();
    await runOnPage(page, gate.wait);
    await waitForSentence(page, 'c2: running');
    const before = await readHeard(page);
    const times = new Set<string>();
    await eventually('the clock advances', 15_000, async () => {
      times.add(await page.locator('#light-clock').innerText());
      return times.size > 2;
    });
    expect(await readHeard(page)).toEqual(before);
    await gate.open();
    await waitForSentence(page, 'c2: exit status 0');
    const heard = (await readHeard(page)).join('\n');
    for (const once of ['session created', ': connected', 'c1: exit status 0', 'c2: exit status 0'])
      expect(heard.split(once).length - 1, once).toBe(1);
  });

  test('two announcements within one frame: both are spoken; of six, the newest three', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    // This is announced too, so wait for it before the copies.
    await page.locator('#light-words', { hasText: 'no listener' }).waitFor();
    await page.evaluate(listen);
    const copyAll = async (names: string[]) => {
      await page.evaluate(`globalThis.held = []; requestAnimationFrame = (draw) => held.push(draw);
        for (const name of ${JSON.stringify(names)})
          document.querySelector('[data-line=' + name + ']').closest('.line').querySelector('button:last-child').click()`);
      const copied = `[...document.querySelectorAll('.line button')]
        .filter((one) => one.textContent.startsWith('copied')).length >= ${names.length}`;
      await eventually('the lines are copied', 5_000, () => page.evaluate<boolean>(copied));
      await page.evaluate('held.forEach((draw) => draw())');
    };
    await copyAll(['supervised', 'auto']);
    await waitForSentence(page, 'supervised line copied. auto line copied');
    await copyAll(['supervised', 'auto', 'cli', 'exec', 'mcp', 'key']);
    await eventually('three are spoken', 5_000, async () => {
      const newest = (await readHeard(page)).at(-1) ?? '';
      return newest.split(' copied').length === 4 && newest.includes('key copied');
    });
  });

  test('a command awaits approval, and the listener disconnects: both are announced', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    await page.evaluate(listen);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'reboot');
    await beside.listenAs({ mode: 'supervised' }, 'GET', '/next');
    await waitForSentence(page, 'c1: waiting for approval');
    await beside.listenAs({}, 'POST', '/leave', '');
    await waitForSentence(page, ': disconnected');
  });

  test('the relay becomes unreachable and comes back: both are announced', async () => {
    const lasting = await startLastingRelay();
    const visitor = await visit(browser, lasting, { expected: /Failed to load resource: net::ERR_/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    await findLight(page, 'waiting').waitFor();
    await page.evaluate(listen);
    await lasting.kill();
    await waitForSentence(page, 'relay unreachable, retrying');
    await lasting.start();
    await waitForSentence(page, 'the relay answers again');
  });

  test('commands that ended before the page loaded: not announced', async () => {
    const visitor = await visit(browser, relay, { expected: /status of 400/ });
    const { page } = visitor;
    await makeEveryState(visitor, relay);
    await page.addInitScript(`addEventListener('DOMContentLoaded', () => { ${listen} })`);
    await page.reload();
    await findCommand(page, 'c2').locator('.output').waitFor();
    await waitForSentence(page, 'c9: running');
    const heard = (await readHeard(page)).join('\n');
    expect(heard).not.toMatch(/c[1-8]: /);
    await waitForWords(findCommand(page, 'c1'), 'lost');
  });

  test('announced output, cut within a surrogate pair: it ends before the pair', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    await page.evaluate(listen);
    const before = 'x'.repeat(199);
    const command = await finishBeside(page, beside, { stdout: `${before}😀y\n` });
    await waitForSentence(page, `c1: exit status 0. ${before}`);
    expect(await page.evaluate('heard.every((text) => text.isWellFormed())')).toBe(true);
    expect(await command.locator('.stdout').textContent()).toBe(`${before}😀y`);
  });

  test('a command without an id, cut within a surrogate pair: button names and the shown text end before the pair', async () => {
    const { proxy, visitor } = await visitThroughProxy(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    proxy.setRules({
      onRequest: ({ method, verb }) =>
        method === 'POST' && verb === 'commands' ? { fault: 'black-hole' } : undefined,
    });
    const [name, rest] = ['a'.repeat(39), 'b'.repeat(1_958)];
    await runOnPage(page, `${name}😀${rest}😀c`);
    const card = page.locator('.command[data-state="sending"]');
    expect(await card.locator('.command-text').textContent()).toBe(`… ${name}😀${rest} … 2.0 kB`);
    const texts = await card.evaluate((element) =>
      [...element.querySelectorAll('*')].flatMap((one) => [one.textContent, one.ariaLabel ?? '']),
    );
    expect(texts).toContain(`give up ${name}`);
    expect(texts).toContain(`output of ${name}`);
  });

  test('the accessibility tree: landmarks, headings, and buttons with the command id in their names', async () => {
    const visitor = await visit(browser, relay, { expected: /status of 400/ });
    const { page } = visitor;
    expect(await page.locator('body').ariaSnapshot()).toMatch(
      /- banner:\n\s+- heading "remotify" \[level=1\]\n- main:\n(?:.*\n)+?\s+- heading "Run commands on .*" \[level=2\]/,
    );
    await makeEveryState(visitor, relay);
    await openPanel(page, 'session');
    const snapshot = await page.locator('body').ariaSnapshot();
    for (const part of [
      '- banner:',
      '- button "skip to the prompt"',
      '- navigation "panels":',
      '- button "session" [expanded]',
      '- main:',
      '- region "Session":',
      '- heading "Session" [level=2]',
      '- button "reveal the key"',
      '- region "Commands":',
      '- heading "Commands" [level=2]',
      '- list "commands, oldest first":',
      '- heading "c10 uptime" [level=3]',
      '- button "stop c9"',
      '- button "cancel c10"',
      '- group "output of c2"',
      '- button "show all 60 rows of the output of c3"',
      '- form "run a command":',
      '- textbox "command"',
      '- button "run"',
    ])
      expect(snapshot).toContain(part);
    const levels = [...snapshot.matchAll(/\[level=(\d)\]/g)].map((match) => Number(match[1]));
    for (const [at, level] of levels.entries())
      expect(level - (levels[at - 1] ?? 0), `heading ${at}`).toBeLessThan(2);
  });
});
