import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { sendSignal } from '../harness/process-session.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  endSession,
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openGate,
  openKey,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Relays, listeners, tabs and responses that are lost, and whether the page recovers.

const relay = useRelay();
const browser = useBrowser();

/** What the browser's console reports for a refused or broken connection. */
const networkWords = /Failed to load resource: net::ERR_/;

describe.skipIf(!hasChromium)('in chromium', { timeout: 90_000 }, () => {
  test('a relay is killed and restarted while a command runs: the page shows "unreachable", and continues at the right offset', async () => {
    const lasting = await startLastingRelay();
    const visitor = await visit(browser, lasting, { expected: networkWords });
    const { page } = visitor;
    await startOnPage(visitor);
    const gate = await openGate();
    await runOnPage(
      page,
      `echo one; echo two >&2; ${gate.wait}; echo three; ${gate.wait}; echo four; exit 5`,
    );
    const command = findCommand(page, 'c1');
    await command.getByText('one', { exact: true }).waitFor();
    await command.locator('.stderr').waitFor();

    await lasting.kill();
    await page.locator('#away').waitFor();
    await page.locator('#said', { hasText: 'relay unreachable' }).waitFor({ state: 'attached' });
    await gate.open();
    // Typed while the relay is down: sent exactly once after the restart.
    await runOnPage(page, 'echo patient');
    await lasting.start();
    await page.locator('#away').waitFor({ state: 'hidden' });
    await command.getByText('three', { exact: true }).waitFor();
    await gate.open();
    await waitForWords(command, 'exit status 5');
    expect(await readOutput(command, 'stdout')).toEqual(['one', 'three', 'four']);
    expect(await readOutput(command, 'stderr')).toEqual(['stderr: two']);
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c2'), 'stdout')).toEqual(['patient']);
    expect(await page.locator('.command').count()).toBe(2);
  });

  test('a listener is killed: the light shows "disconnected", and the command is lost', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const listener = await startOnPage(visitor);
    await runOnPage(page, 'echo begun; sleep 600');
    await findCommand(page, 'c1').getByText('begun', { exact: true }).waitFor();
    sendSignal(await listener.findRunner(), 'SIGKILL');
    await findLight(page, 'gone').waitFor();
    expect(await page.locator('#light-words').textContent()).toMatch(/^\S+@\S+: disconnected$/);
    // The clock advances, also without news from the relay.
    const clock = page.locator('#light-clock');
    const first = await clock.textContent();
    expect(first).toMatch(/^, \d+ s$/);
    await expect.poll(() => clock.textContent(), { timeout: 10_000 }).not.toBe(first);
    await waitForWords(findCommand(page, 'c1'), 'lost, outcome unknown');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['begun']);
    await runOnPage(page, 'echo waits');
    await waitForWords(findCommand(page, 'c2'), 'queued');
  });

  test('two tabs on one session: show the same, and when one ends the session, the other one shows it', async () => {
    const visitor = await visit(browser, relay, { expected: /status of 410/ });
    const { page } = visitor;
    await startOnPage(visitor);
    const second = await page.context().newPage();
    await second.goto(page.url());
    await openKey(second);
    await findLight(second, 'ready').waitFor();

    const gate = await openGate();
    await runOnPage(page, `echo left; ${gate.wait}; echo done`);
    // Wait for the first command, because the order of pushes from two tabs is undefined.
    await findCommand(page, 'c1').getByText('left', { exact: true }).waitFor();
    await runOnPage(second, 'echo right');
    for (const tab of [page, second]) {
      await findCommand(tab, 'c1').getByText('left', { exact: true }).waitFor();
      await waitForWords(findCommand(tab, 'c2'), 'queued');
    }
    await gate.open();
    for (const tab of [page, second]) {
      await waitForWords(findCommand(tab, 'c2'), 'exit status 0');
      expect(await readOutput(findCommand(tab, 'c1'), 'stdout')).toEqual(['left', 'done']);
      expect(await readOutput(findCommand(tab, 'c2'), 'stdout')).toEqual(['right']);
    }
    // A tab shows the text of a command from another tab, and that it came from a browser.
    expect(await findCommand(page, 'c2').locator('.command-text').textContent()).toBe('c2 echo right');
    expect(await findCommand(page, 'c2').locator('.by').textContent()).toBe(', from browser');
    expect(await findCommand(page, 'c1').locator('.by').textContent()).toBe('');

    await endSession(second);
    await page.getByText('the relay does not know this session: it expired or was ended').first().waitFor();
    expect(page.url()).toBe(`${relay.url}/`);
    await page.getByRole('button', { name: 'create a session' }).waitFor();
  });

  test('another client pushes and resets: the page shows both', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo from afar', '-H', 'Remotify-Client: ann@desk');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    expect(await findCommand(page, 'c1').textContent()).toContain('from ann@desk');
    await beside.ask('POST', '/reset');
    await waitForWords(findCommand(page, 'c1'), 'the session was reset');
  });

  test('a push whose response is lost: repeated, and queued once', async () => {
    const visitor = await visit(browser, relay, { expected: networkWords });
    const { page } = visitor;
    await makeOnPage(visitor);
    let lost = 0;
    await page.route('**/api/session/self/commands', async (route) => {
      if (route.request().method() !== 'POST' || lost === 2) return route.continue();
      lost++;
      await route.fetch();
      await route.abort('connectionreset');
    });
    await runOnPage(page, 'echo once');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await page.locator('.command[data-state="sending"]').waitFor({ state: 'detached' });
    expect(lost).toBe(2);
    expect(await page.locator('.command-text').allTextContents()).toEqual(['c1 echo once']);
    const beside = await openBeside(relay, visitor);
    expect((await beside.ask('GET', '/status')).json()).toMatchObject({ queue_length: 1 });
  });

  test('the response to the end of a session is lost: the page shows "session ended", and keeps the transcript', async () => {
    const visitor = await visit(browser, relay, { expected: networkWords });
    const { page, key } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, 'echo kept');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    const beside = await openBeside(relay, visitor);
    let ends = 0;
    await page.route('**/api/session/self', async (route) => {
      if (route.request().method() !== 'DELETE' || ++ends > 1) return route.continue();
      expect((await route.fetch()).status()).toBe(204);
      await route.abort('connectionreset');
    });
    await endSession(page);
    await page.locator('#light-words', { hasText: 'session ended' }).waitFor();
    expect(ends).toBe(2);
    expect((await beside.ask('GET', '/status')).status).toBe(410);
    expect(key()).toBe('');
    expect(await page.locator('.command-text').allTextContents()).toEqual(['c1 echo kept']);
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['kept']);
    expect(await page.getByRole('alert').textContent()).toBe('');
  });

  test('a hidden tab: holds no request, and is up to date once it is visible', async () => {
    const visitor = await visit(browser, relay, { expected: /net::ERR_ABORTED/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const held = new Set<unknown>();
    page.on('request', (request) => held.add(request));
    page.on('requestfinished', (request) => held.delete(request));
    page.on('requestfailed', (request) => held.delete(request));
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo one');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await eventually('status and output are polled', 10_000, () => held.size === 2);
    const show = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await show(true);
    await eventually('nothing is held', 10_000, () => held.size === 0);
    await beside.ask('POST', '/commands', 'echo two');
    await beside.ask('DELETE', '/commands/c1');
    expect(await page.locator('.command').count()).toBe(1);
    await show(false);
    await waitForWords(findCommand(page, 'c1'), 'cancelled before it ran');
    await waitForWords(findCommand(page, 'c2'), 'queued');
  });

  test.each([
    ['an invalid key', 'not-a-key', 'the part after # in this URL is not a session key', /^$/],
    [
      'a key of an unknown session',
      '0'.repeat(32),
      'the relay does not know this session: it expired or was ended',
      /status of 410/,
    ],
  ])(
    '%s in the URL: the page shows an error, and a session can be created',
    async (_title, word, said, expected) => {
      const { page } = await visit(browser, relay, { path: `/#${word}`, expected });
      if (word.length === 32) await openKey(page);
      await page.getByRole('alert').getByText(said).waitFor();
      await makeOnPage({ page });
      expect(page.url()).toMatch(/#[0-9a-f]{32}$/);
      expect(await page.getByRole('alert').textContent()).toBe('');
    },
  );

  test('the relay is unreachable when the page opens a session: the page retries until it answers', async () => {
    const lasting = await startLastingRelay();
    const visitor = await visit(browser, lasting, { expected: networkWords });
    const { page } = visitor;
    await makeOnPage(visitor);
    const address = page.url();
    // The page itself loads, and its requests to the relay fail.
    await page.goto('about:blank');
    await page.route('**/api/session/self', (route) => route.abort('connectionrefused'));
    await page.goto(address);
    await openKey(page);
    await page.getByRole('alert').getByText('relay unreachable, retrying').waitFor();
    await page.unroute('**/api/session/self');
    await findLight(page, 'waiting').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('');
  });
});
