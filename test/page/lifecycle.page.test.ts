import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startCannedServer } from '../harness/canned-server.ts';
import { eventually } from '../harness/deadline.ts';
import type { FaultProxy, RequestFault } from '../harness/fault-proxy.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRelay } from '../harness/relay-process.ts';
import {
  hasChromium,
  useBrowser,
  type Visit,
  visit,
  type VisitOptions,
  visitThroughProxy,
} from './browser.ts';
import {
  type Beside,
  endSession,
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openGate,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// An unreachable relay, proxies that answer for it, a newer relay, and the end of a session.

const relay = useRelay();
const browser = useBrowser();

/** What the browser's console reports for error responses and broken connections. */
const expected = /Failed to load resource|redirect/;

const setUp = (options: VisitOptions = {}) => visitThroughProxy(browser, relay, { expected, ...options });

/** Applies the fault to all API requests of the page, not to requests for its files. */
function breakRequests(proxy: FaultProxy, fault: RequestFault): void {
  proxy.setRules({
    onRequest: ({ side, target }) => (side === 'client' && target.startsWith('/api/') ? fault : undefined),
  });
  proxy.cutHeld();
}

const movedWords = 'the relay has moved to https://new.example: create a session there';
const moved: RequestFault = {
  fault: 'canned',
  status: 426,
  type: 'application/json',
  body: JSON.stringify({ endpoint: 'https://new.example', action: 'create a session there' }),
};

/** Leaves all pushes without a response. Returns the texts of the pushes that were sent. */
function holdPushes(proxy: FaultProxy): string[] {
  const sent: string[] = [];
  proxy.setRules({
    onRequest: ({ method, verb }, { body }) => {
      if (method !== 'POST' || verb !== 'commands') return undefined;
      sent.push(body.toString('utf8'));
      return { fault: 'black-hole' };
    },
  });
  return sent;
}

async function waitForReturn(page: Page): Promise<void> {
  await page.locator('#away').waitFor({ state: 'hidden' });
}

/** Creates a session on a page whose clock the test controls. */
async function makeWithClock({ page }: Visit): Promise<void> {
  await page.clock.install();
  await page.reload();
  await makeOnPage({ page });
  await findLight(page, 'waiting').waitFor();
}

/** One command on the page, by its text: for commands without an id. */
const findCard = (page: Page, text: string): Locator => page.locator('.command', { hasText: text });

const html = '<!doctype html><title>Please log in</title>';

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a proxy answers instead of the relay: the page shows "relay unreachable", hides the old state, and recovers', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    const stranger = await forTest(startCannedServer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    await startOnPage(visitor);
    const gate = await openGate();
    await runOnPage(page, `echo one; ${gate.wait}; echo two; exit 5`);
    await findCommand(page, 'c1').getByText('one', { exact: true }).waitFor();
    const faults: RequestFault[] = [
      { fault: 'canned', status: 502, body: html },
      { fault: 'canned', status: 503, body: html, headers: { 'Retry-After': '1' } },
      { fault: 'canned', status: 429, body: html, headers: { 'Retry-After': '1' } },
      { fault: 'canned', status: 200, body: html },
      { fault: 'canned', status: 401, body: html },
      { fault: 'canned', status: 302, body: html, headers: { Location: `${stranger.url}/login` } },
      { fault: 'reset' },
    ];
    for (const fault of faults) {
      breakRequests(proxy, fault);
      await page.locator('#away').waitFor();
      expect(await page.locator('#away').textContent()).toBe('relay unreachable, retrying');
      expect(await page.locator('#light-words').isVisible()).toBe(false);
      expect(await page.title()).toMatch(/^! [0-9a-f]{4}… – remotify$/);
      proxy.setRules({});
      await waitForReturn(page);
    }
    expect(await page.title()).toMatch(/^▶ /);
    await gate.open();
    await waitForWords(findCommand(page, 'c1'), 'exit status 5');
    await findCommand(page, 'c1').getByText('two', { exact: true }).waitFor();
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['one', 'two']);
    expect(stranger.requests).toEqual([]);
    expect(await page.getByRole('alert').textContent()).toBe('');
  });

  test('a proxy answers 502, then the relay answers that it has moved: one alert with the new address, and the page recovers', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await startOnPage(visitor);
    await page.evaluate(`globalThis.alerts = [];
      new MutationObserver(() => alerts.push(document.getElementById('error').textContent))
        .observe(document.getElementById('error'), { childList: true, characterData: true, subtree: true })`);
    breakRequests(proxy, { fault: 'canned', status: 502, body: html });
    await page.locator('#away').waitFor();
    let asked = 0;
    proxy.setRules({
      onRequest: ({ side, target, verb }) => {
        if (side !== 'client' || !target.startsWith('/api/')) return undefined;
        if (verb === 'status') asked++;
        return moved;
      },
    });
    await page.getByRole('alert').getByText(movedWords).waitFor();
    await eventually('the page polls the relay again', 20_000, () => asked > 3);
    expect(await page.evaluate('alerts')).toEqual([movedWords]);
    proxy.setRules({});
    await waitForReturn(page);
    await runOnPage(page, 'echo back');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['back']);
    expect(await page.getByRole('alert').textContent()).toBe('');
  });

  test('a command for a relay that has moved: not accepted, and its card has the new address', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    await findLight(page, 'waiting').waitFor();
    breakRequests(proxy, moved);
    await page.locator('#away').waitFor();
    await runOnPage(page, 'echo lost');
    await page.locator('.command .words', { hasText: /^(not accepted|no confirmation)/ }).waitFor();
    expect(await page.locator('.command .words').textContent()).toBe(`not accepted: ${movedWords}`);
    // Typing the command removed the alert; it must appear again.
    await page.getByRole('alert').getByText(movedWords).waitFor();
    proxy.setRules({});
    await waitForReturn(page);
    await runOnPage(page, 'echo back');
    await waitForWords(findCommand(page, 'c1'), 'queued');
  });

  test('truncated or invalid JSON responses: the page retries, and finally shows the complete output', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await startOnPage(visitor);
    let seen = 0;
    const bad = [
      { fault: 'cut', at: 20 } as const,
      { fault: 'short', at: 20 } as const,
      { fault: 'rewrite', body: '{"commands": {}}' } as const,
      { fault: 'rewrite', body: '{"commands": [{"id": 1}], "cmd_queued": "no"}' } as const,
      { fault: 'rewrite', body: '\0' } as const,
    ];
    proxy.setRules({
      onAnswer: ({ side, method, verb }) =>
        side === 'client' && method === 'GET' && ['commands', 'status', 'output'].includes(verb)
          ? bad[seen++]
          : undefined,
    });
    await runOnPage(page, 'seq 5; exit 4');
    await waitForWords(findCommand(page, 'c1'), 'exit status 4');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['1', '2', '3', '4', '5']);
    await eventually('each fault has occurred', 20_000, () => seen > bad.length);
    await waitForReturn(page);
    await runOnPage(page, 'echo on');
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
  });

  test('the machine sleeps for an hour while a command is being sent: the command is not sent afterwards', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeWithClock(visitor);
    let refused = 0;
    let isRefusing = true;
    let late = 0;
    proxy.setRules({
      onRequest: ({ method, verb }) => {
        if (method !== 'POST' || verb !== 'commands') return undefined;
        if (!isRefusing) late++;
        else refused++;
        return isRefusing ? { fault: 'canned', status: 502, body: html } : undefined;
      },
    });
    await runOnPage(page, 'reboot');
    await eventually('the push is sent again', 10_000, () => refused > 1);
    await page.clock.pauseAt(Date.now() + 3_600_000);
    isRefusing = false;
    await page.clock.resume();
    await page.locator('.words', { hasText: 'no confirmation from the relay' }).waitFor();
    expect(late).toBe(0);
  });

  test('two commands in a row, and the first push fails twice: they arrive in order', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    let pushes = 0;
    proxy.setRules({
      onRequest: ({ method, verb }) =>
        method === 'POST' && verb === 'commands' && pushes++ < 2
          ? { fault: 'canned', status: 502, body: html }
          : undefined,
    });
    await runOnPage(page, 'make');
    await runOnPage(page, 'make install');
    await waitForWords(findCommand(page, 'c2'), 'queued');
    expect(await page.locator('.command-text').allTextContents()).toEqual(['c1 make', 'c2 make install']);
  });

  test('give up a command that waits for an earlier push: it is not sent, and keeps its position', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    proxy.setRules({
      onRequest: ({ method, verb }) =>
        method === 'POST' && verb === 'commands' ? { fault: 'canned', status: 502, body: html } : undefined,
    });
    await runOnPage(page, 'first');
    await runOnPage(page, 'second');
    await findCard(page, 'second').getByRole('button', { name: 'give up' }).click();
    await waitForWords(findCard(page, 'second'), 'not sent');
    proxy.setRules({});
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await runOnPage(page, 'third');
    await waitForWords(findCommand(page, 'c2'), 'queued');
    // Earlier commands are above it, later ones below it.
    const texts = await page.locator('.command-text').allTextContents();
    expect(texts).toEqual(['c1 first', '… second', 'c2 third']);
  });

  test('a push that a proxy rejects for a minute: its card shows "no confirmation", and the page does not show "unreachable"', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeWithClock(visitor);
    let pushes = 0;
    proxy.setRules({
      onRequest: ({ method, verb }) => {
        if (method !== 'POST' || verb !== 'commands') return undefined;
        pushes++;
        return { fault: 'canned', status: 403, body: html };
      },
    });
    await runOnPage(page, 'cat /etc/passwd');
    await eventually('the push is sent again', 10_000, () => pushes > 2);
    expect(await page.locator('.command .words').textContent()).toBe('sending');
    await waitForReturn(page);
    await page.clock.fastForward(61_000);
    await page
      .locator('.words', {
        hasText: 'no confirmation from the relay (a proxy in front of the relay answered 403)',
      })
      .waitFor();
    await waitForReturn(page);
    proxy.setRules({});
    // It stays above later commands.
    await runOnPage(page, 'echo later');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    expect(await page.locator('.command-text').allTextContents()).toEqual([
      '… cat /etc/passwd',
      'c1 echo later',
    ]);
  });

  test('a push expires while it waits for an earlier push: never sent, and its card shows "not sent"', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeWithClock(visitor);
    const sent = holdPushes(proxy);
    await runOnPage(page, 'first');
    await runOnPage(page, 'second');
    await eventually('the first one is sent', 10_000, () => sent.length === 1);
    await page.clock.fastForward(11_000);
    await eventually('the first one is sent again', 10_000, () => sent.length === 2);
    await page.clock.fastForward(61_000);
    await waitForWords(findCard(page, 'first'), 'no confirmation from the relay');
    await waitForWords(findCard(page, 'second'), 'not sent');
    expect(sent).toEqual(['first', 'first']);
  });

  test('a relay that is frozen for longer than a poll: the page shows "unreachable", and recovers when the relay resumes', async () => {
    const frozen = await forTest(startRelay({ store: 'memory:' }));
    const visitor = await visit(browser, frozen, { expected });
    const { page } = visitor;
    await makeWithClock(visitor);
    sendSignal(frozen.pid, 'SIGSTOP');
    // A poll that starts after the clock moved has its full timeout ahead, so move the clock again.
    await eventually(
      'the page shows that the relay is unreachable',
      25_000,
      async () => {
        await page.clock.fastForward(41_000);
        return page.locator('#away').isVisible();
      },
      500,
    );
    await runOnPage(page, 'echo typed');
    sendSignal(frozen.pid, 'SIGCONT');
    await waitForReturn(page);
    await waitForWords(findCommand(page, 'c1'), 'queued');
    expect(await page.locator('.command').count()).toBe(1);
  });

  test('a relay that restarts without its sessions: the page reports it, and keeps the transcript without buttons', async () => {
    const first = await forTest(startRelay({ store: 'memory:' }));
    const visitor = await visit(browser, first, { expected });
    const { page, key } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, 'echo kept');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    await runOnPage(page, 'echo begun; sleep 600');
    await findCommand(page, 'c2').getByText('begun', { exact: true }).waitFor();
    const secret = key();
    await first.kill('SIGKILL');
    await page.locator('#away').waitFor();
    await runOnPage(page, 'echo never');
    await forTest(startRelay({ store: 'memory:', port: first.port }));
    await page.locator('#light-words', { hasText: 'the relay does not know this session' }).waitFor();
    expect(page.url()).toBe(`${first.url}/`);
    expect(await page.title()).toBe('remotify');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['kept']);
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    await waitForWords(findCommand(page, 'c2'), 'outcome unknown: the session ended');
    expect(await page.locator('.command').last().locator('.words').textContent()).toMatch(
      /^no confirmation|^not accepted/,
    );
    expect(await page.locator('#commands button:visible').count()).toBe(0);
    expect(await page.content()).not.toContain(secret);
    await page.getByRole('button', { name: 'create a session' }).waitFor();
  });

  test('a newer relay with an unknown state and unknown fields: the page shows the state name, and still works', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    const rename = (body: Buffer): string =>
      body.toString('utf8').replaceAll('"state": "queued"', '"state": "paused", "until": {"a": [1]}');
    let isNew = true;
    proxy.setRules({
      onAnswer: ({ method, verb }, { body }) =>
        isNew && method === 'GET' && verb === 'commands'
          ? { fault: 'rewrite', body: rename(body) }
          : undefined,
    });
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo new');
    await waitForWords(findCommand(page, 'c1'), 'unknown state "paused": reload the page');
    expect(await page.getByRole('alert').textContent()).toBe('');
    isNew = false;
    await beside.ask('POST', '/commands', 'echo old');
    await waitForWords(findCommand(page, 'c2'), 'queued');
    await waitForWords(findCommand(page, 'c1'), 'queued');
  });

  test('a list of 40,000 commands (10 MB): the page shows the newest ones, and still works', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    const text = 'x'.repeat(150);
    const views = Array.from({ length: 40_000 }, (_, at) => ({
      id: `c${at + 1}`,
      state: 'cancelled',
      text,
      script_bytes: 150,
      signal: 7,
      pushed_at: [],
    }));
    const body = JSON.stringify({ commands: views });
    let lists = 0;
    proxy.setRules({
      onAnswer: ({ method, verb }) =>
        method === 'GET' && verb === 'commands' && lists++ === 0 ? { fault: 'rewrite', body } : undefined,
    });
    await runOnPage(page, 'echo on');
    await findCommand(page, 'c40000').waitFor();
    expect(await page.locator('.command').count()).toBeLessThanOrEqual(134);
  });

  test('another client ends the session while a push is in flight: its card shows "no confirmation"', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    proxy.setRules({
      onRequest: ({ method, verb }) =>
        method === 'POST' && verb === 'commands' ? { fault: 'black-hole' } : undefined,
    });
    await runOnPage(page, 'echo late');
    await beside.ask('DELETE', '');
    await page.locator('#light-words', { hasText: 'the relay does not know this session' }).waitFor();
    await page.locator('.words', { hasText: 'no confirmation from the relay' }).waitFor();
    expect(await page.locator('#run-form').isVisible()).toBe(false);
  });

  test.each([
    ['by another client', (_page: Page, beside: Beside) => beside.ask('DELETE', '')],
    ['on the page', (page: Page) => endSession(page)],
  ])(
    'a session ended %s while pushes wait for an earlier one: they are never sent, and their cards show "not sent"',
    async (_title, end) => {
      const { proxy, visitor } = await setUp();
      const { page } = visitor;
      await makeOnPage(visitor);
      const beside = await openBeside(relay, visitor);
      const sent = holdPushes(proxy);
      for (const text of ['first', 'second', 'third']) await runOnPage(page, text);
      await eventually('the first one is sent', 10_000, () => sent.length > 0);
      await end(page, beside);
      await waitForWords(findCard(page, 'first'), 'no confirmation from the relay');
      for (const text of ['second', 'third']) await waitForWords(findCard(page, text), 'not sent');
      expect(sent).toEqual(['first']);
    },
  );

  test('ending a session while the relay is unreachable: the session stays open, and can be ended later', async () => {
    const { proxy, visitor } = await setUp();
    const { page, key } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, 'echo kept');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    const secret = key();
    breakRequests(proxy, { fault: 'reset' });
    await endSession(page);
    await page.getByRole('alert').getByText('the relay is unreachable').waitFor();
    expect(key()).toBe(secret);
    // A command typed now is not lost.
    await runOnPage(page, 'echo typed');
    proxy.setRules({});
    await waitForReturn(page);
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['kept']);
    await endSession(page);
    await page.locator('#light-words', { hasText: 'session ended' }).waitFor();
  });
});
