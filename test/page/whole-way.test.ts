import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openPanel,
  openGate,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A visitor without the CLI creates a session, pastes one line on the remote, and runs commands.

const relay = useRelay();
const browser = useBrowser();

async function copy(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: `copy the ${name}` }).click();
  await page.getByRole('button', { name: `copied the ${name}` }).waitFor();
  return await page.evaluate<string>('navigator.clipboard.readText()');
}

describe.skipIf(!hasChromium)('in chromium', { timeout: 90_000 }, () => {
  test('create a session, paste the copied line, run, reload, run again, end: all work, and no request has the key in its URL', async () => {
    const visitor = await visit(browser, relay);
    const { page, key, requests } = visitor;
    await makeOnPage(visitor);
    expect(key()).toMatch(/^[0-9a-f]{32}$/);
    await page.locator('#light-words', { hasText: 'no listener: paste the line on the remote' }).waitFor();

    await page.getByText('run without approval…').click();
    const listener = await forTest(startListener(await copy(page, 'auto line')));
    await findLight(page, 'ready').waitFor();
    expect(await page.locator('#light-words').textContent()).toMatch(/^\S+@\S+: connected, auto$/);

    await runOnPage(page, "echo out; echo err >&2; printf 'no end'; exit 7");
    const first = findCommand(page, 'c1');
    await waitForWords(first, 'exit status 7');
    expect(await readOutput(first, 'stdout')).toEqual(['out', 'no end']);
    expect(await readOutput(first, 'stderr')).toEqual(['stderr: err']);
    // stderr has a mark, not only a colour.
    const mark = "getComputedStyle(document.querySelector('.stderr'), '::before').content";
    expect(await page.evaluate(mark)).toContain('2>');

    await runOnPage(page, 'kill -9 $$');
    await waitForWords(findCommand(page, 'c2'), 'ended by SIGKILL, exit status 137');

    await page.reload();
    await waitForWords(findCommand(page, 'c1'), 'exit status 7');
    await findCommand(page, 'c1').getByText('no end', { exact: true }).waitFor();
    expect(await page.locator('.command-text').allTextContents()).toEqual([
      "c1 echo out; echo err >&2; printf 'no end'; exit 7",
      'c2 kill -9 $$',
    ]);
    await findLight(page, 'ready').waitFor();

    const field = page.getByLabel('command', { exact: true });
    await field.fill('half');
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('kill -9 $$');
    await field.press('ArrowUp');
    expect(await field.inputValue()).toContain('exit 7');
    await field.press('ArrowDown');
    await field.press('ArrowDown');
    expect(await field.inputValue()).toBe('half');
    await field.fill('echo again');
    await field.press('Enter');
    await waitForWords(findCommand(page, 'c3'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c3'), 'stdout')).toEqual(['again']);

    const known = key();
    await openPanel(page, 'session');
    await page.getByRole('button', { name: 'end the session' }).click();
    await page.getByRole('button', { name: 'keep it' }).click();
    await page.getByRole('button', { name: 'end the session' }).click();
    await page.getByRole('button', { name: 'end it' }).click();
    await page.getByText('session ended').first().waitFor();
    await listener.exited;
    expect(page.url()).toBe(`${relay.url}/`);
    expect(await page.content()).not.toContain(known);
    // The transcript stays readable.
    expect(await readOutput(findCommand(page, 'c3'), 'stdout')).toEqual(['again']);

    // The key was sent only in headers.
    const sent = requests.map(({ method, url, referrer }) => `${method} ${url} ${referrer ?? ''}`);
    expect(sent.length).toBeGreaterThan(20);
    expect(sent.filter((line) => line.includes(known))).toEqual([]);
    expect(requests.filter(({ referrer }) => referrer)).toEqual([]);
    expect(await page.title()).toBe('remotify');
    expect(sent.filter((line) => !line.includes(` ${relay.url}/`))).toEqual([]);
  });

  test('lines with the session key: masked on the page, complete in the clipboard', async () => {
    const visitor = await visit(browser, relay);
    const { page, key } = visitor;
    await makeOnPage(visitor);
    const shown = await page.locator('#session').textContent();
    expect(shown).not.toContain(key());
    expect(await copy(page, 'supervised line')).toMatch(/^curl -q -fsSL -g .*\/r\/[0-9a-f]{32}' \| bash$/);
    await openPanel(page, 'other clients');
    expect(await copy(page, 'curl line')).toContain(`/cmd-${key()}`);
    expect(await copy(page, 'remotify lines')).toBe(
      `export REMOTIFY_KEY=${key()}\nremotify exec --url ${relay.url} 'COMMAND'`,
    );
    expect(JSON.parse(await copy(page, 'MCP settings'))).toEqual({
      mcpServers: {
        remotify: {
          command: 'remotify',
          args: ['mcp'],
          env: { REMOTIFY_URL: relay.url, REMOTIFY_KEY: key() },
        },
      },
    });
    await openPanel(page, 'session');
    expect(await copy(page, 'session key')).toBe(key());
    await page.getByRole('button', { name: 'reveal the key' }).click();
    expect(await page.locator('[data-line="key"]').textContent()).toBe(key());
  });

  test('live output: on the page while the command runs', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    // Each line is the time when it was written; the page records when the line appeared. Both use the clock of this machine.
    await page.evaluate(`globalThis.late = [];
      new MutationObserver((changes) => {
        for (const { addedNodes, target } of changes) for (const node of addedNodes) {
          const written = Number(node.textContent);
          if (target.className === 'stdout' && written > 1e12) late.push(Date.now() - written);
        }
      }).observe(document.getElementById('commands'), { childList: true, subtree: true })`);
    const gate = await openGate();
    await runOnPage(
      page,
      `for i in 1 2 3 4 5 6 7 8; do date +%s%3N; sleep 0.2; done; ${gate.wait}; echo over`,
    );
    const command = findCommand(page, 'c1');
    await command.locator('.stdout').first().waitFor();
    await waitForWords(command, 'running');
    await findLight(page, 'busy').waitFor();
    await command.locator('.stdout').nth(7).waitFor();
    expect(await readOutput(command, 'stdout')).not.toContain('over');
    await gate.open();
    await waitForWords(command, 'exit status 0');
    // The state of a command and its output come by two requests.
    await eventually(
      'the last row is shown',
      10_000,
      async () => (await readOutput(command, 'stdout')).at(-1) === 'over',
    );
    const late = await page.evaluate<number[]>('late');
    expect(late).toHaveLength(8);
    const sorted = late.toSorted((a, b) => a - b);
    console.log(`from written to on the page: median ${sorted[4]} ms, worst ${sorted[7]} ms of 8 lines`);
  });

  test('stop and cancel: a running command is stopped, a queued one is cancelled', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, 'echo on; sleep 600');
    await findCommand(page, 'c1').getByText('on', { exact: true }).waitFor();
    await runOnPage(page, 'echo never');
    await waitForWords(findCommand(page, 'c2'), 'queued');
    await page.getByRole('button', { name: 'cancel c2' }).click();
    await waitForWords(findCommand(page, 'c2'), 'cancelled before it ran');
    await page.getByRole('button', { name: 'stop c1' }).click();
    await waitForWords(findCommand(page, 'c1'), 'ended by SIGTERM');
    expect(await readOutput(findCommand(page, 'c2'), 'stdout')).toEqual([]);
    await findLight(page, 'ready').waitFor();
  });

  test('a relay that requires a token: the page sends the token from the field', async () => {
    const guarded = await forTest(startRelay({ flags: ['--token', 'sesame'] }));
    // The browser's console reports every 401.
    const { page } = await visit(browser, guarded, { expected: /status of 401/ });
    await page.getByRole('button', { name: 'create a session' }).click();
    const field = page.getByLabel('this relay requires a token');
    await field.fill('wrong');
    await field.press('Enter');
    await page.getByRole('alert').getByText(/token/).waitFor();
    await field.fill('sesame');
    await field.press('Enter');
    await page.locator('#session').waitFor();
  });
});
