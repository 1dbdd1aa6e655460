import type { Browser, Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startCannedServer } from '../harness/canned-server.ts';
import { eventually } from '../harness/deadline.ts';
import type { FaultProxy, RequestFault } from '../harness/fault-proxy.ts';
import { sendSignal } from '../harness/process-session.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import {
  hasChromium,
  openScene,
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

// The relay away and back, proxies that answer in its name, a newer relay, and a session that ends.

let relay: Relay;
let browser: Browser;
beforeAll(() => openScene((scene) => ({ relay, browser } = scene)));

/** What the browser itself says of answers that are errors, and of connections that break. */
const expected = /Failed to load resource|redirect/;

const setUp = (options: VisitOptions = {}) => visitThroughProxy(browser, relay, { expected, ...options });

/** Each request of the page, but those that fetch its own files. */
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

/** No push gets an answer. Gives the texts of those that were sent. */
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

/** A session on a page whose clock the test can move. */
async function makeWithClock({ page }: Visit): Promise<void> {
  await page.clock.install();
  await page.reload();
  await makeOnPage({ page });
  await findLight(page, 'waiting').waitFor();
}

/** One command on the page, by its text: for those that have no id. */
const findCard = (page: Page, text: string): Locator => page.locator('.command', { hasText: text });

const html = '<!doctype html><title>Please log in</title>';

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a proxy answers in the name of the relay: the page says that the relay is away, hides what is old, and goes on', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    const stranger = await startCannedServer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    onTestFinished(stranger.close);
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

  test('a proxy answers 502, and then the relay says that it has moved: the alert names the new address once, and the page goes on when the relay is back', async () => {
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
    await eventually('the relay is asked again', 20_000, () => asked > 3);
    expect(await page.evaluate('alerts')).toEqual([movedWords]);
    proxy.setRules({});
    await waitForReturn(page);
    await runOnPage(page, 'echo back');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['back']);
    expect(await page.getByRole('alert').textContent()).toBe('');
  });

  test('a command for a relay that has moved: not accepted, and its card names the new address', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeOnPage(visitor);
    await findLight(page, 'waiting').waitFor();
    breakRequests(proxy, moved);
    await page.locator('#away').waitFor();
    await runOnPage(page, 'echo lost');
    await page.locator('.command .words', { hasText: /^(not accepted|no confirmation)/ }).waitFor();
    expect(await page.locator('.command .words').textContent()).toBe(`not accepted: ${movedWords}`);
    // The notice is there again: it was removed when the command was typed.
    await page.getByRole('alert').getByText(movedWords).waitFor();
    proxy.setRules({});
    await waitForReturn(page);
    await runOnPage(page, 'echo back');
    await waitForWords(findCommand(page, 'c1'), 'queued');
  });

  test('answers that are cut, or are no JSON of a relay: the page asks again, and shows all of it in the end', async () => {
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
    await eventually('each fault was made', 20_000, () => seen > bad.length);
    await waitForReturn(page);
    await runOnPage(page, 'echo on');
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
  });

  test('this machine sleeps while a command is sent: the command is not sent in the morning', async () => {
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
    await eventually('it is sent again', 10_000, () => refused > 1);
    await page.clock.pauseAt(Date.now() + 3_600_000);
    isRefusing = false;
    await page.clock.resume();
    await page.locator('.words', { hasText: 'no confirmation from the relay' }).waitFor();
    expect(late).toBe(0);
  });

  test('two commands in a row: the second one waits for the first one', async () => {
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

  test('a command that waits for another push is given up: it is not sent, and keeps its place', async () => {
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
    // Commands that come later are shown below it, and those before it above it.
    const texts = await page.locator('.command-text').allTextContents();
    expect(texts).toEqual(['c1 first', '… second', 'c2 third']);
  });

  test('a push that no answer comes for: after a minute its card says so, and the page is not away for it', async () => {
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
    await eventually('it is sent again', 10_000, () => pushes > 2);
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
    // It stays above those that come later.
    await runOnPage(page, 'echo later');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    expect(await page.locator('.command-text').allTextContents()).toEqual([
      '… cat /etc/passwd',
      'c1 echo later',
    ]);
  });

  test('the time of a push passes while it waits for another one: it was never sent, and its card says so', async () => {
    const { proxy, visitor } = await setUp();
    const { page } = visitor;
    await makeWithClock(visitor);
    const sent = holdPushes(proxy);
    await runOnPage(page, 'first');
    await runOnPage(page, 'second');
    await eventually('the first one is sent', 10_000, () => sent.length === 1);
    await page.clock.fastForward(11_000);
    await eventually('it is sent again', 10_000, () => sent.length === 2);
    await page.clock.fastForward(61_000);
    await waitForWords(findCard(page, 'first'), 'no confirmation from the relay');
    await waitForWords(findCard(page, 'second'), 'not sent');
    expect(sent).toEqual(['first', 'first']);
  });

  test('a relay that is frozen for longer than a poll: the page says so, and is current once it goes on', async () => {
    const frozen = await startRelay({ store: 'memory:' });
    onTestFinished(frozen.stop);
    const visitor = await visit(browser, frozen, { expected });
    const { page } = visitor;
    await makeWithClock(visitor);
    sendSignal(frozen.pid, 'SIGSTOP');
    // A poll that starts after the clock has moved has its whole time-out before it, so the clock moves again.
    await eventually(
      'the page says that the relay is away',
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

  test('a relay that comes back without its sessions: the page says so, and the transcript stays without live buttons', async () => {
    const first = await startRelay({ store: 'memory:' });
    onTestFinished(first.stop);
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
    const second = await startRelay({ store: 'memory:', port: first.port });
    onTestFinished(second.stop);
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

  test('a newer relay: a state and fields without a name here are shown as they are, and the page goes on', async () => {
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

  test('10 MB of commands in a list: the newest are shown, and the page goes on', async () => {
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

  test('a session ended by another client while the page sends: the page says what is not confirmed', async () => {
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
    'a session ended %s while a push waits for another one: it was never sent, and its card says so',
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

  test('ending a session while the relay is away: the session stays open, and ends later', async () => {
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
    // What is typed now is not lost.
    await runOnPage(page, 'echo typed');
    proxy.setRules({});
    await waitForReturn(page);
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['kept']);
    await endSession(page);
    await page.locator('#light-words', { hasText: 'session ended' }).waitFor();
  });
});
