import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { hasChromium, useBrowser, type Visit, visit, visitThroughProxy } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  readOutput,
  runOnPage,
  waitForWords,
} from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Commands of other clients and legacy listeners on the page, and commands of this tab after a lost response or a reload.

const relay = useRelay();
const browser = useBrowser();

/** Runs commands of another client to their end, one after the other. Without curl, because a process per request is slow. */
async function runBeside(
  { key }: Visit,
  ids: readonly string[],
  print: (id: string) => string,
): Promise<void> {
  const ask = async (secret: string, method: string, path: string, body?: string): Promise<string> => {
    const answer = await fetch(`${relay.url}/api/session/self${path}`, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        'remotify-listener': 'l1-listener',
        'remotify-mode': 'auto',
      },
      ...(body !== undefined && { body }),
    });
    const text = await answer.text();
    expect(answer.ok, `${method} ${path}: ${text}`).toBe(true);
    return text;
  };
  const { listener_key: listenerKey } = JSON.parse(await ask(key(), 'GET', '')) as SessionPayload;
  for (const id of ids) {
    const output = print(id);
    await ask(key(), 'POST', '/commands', `echo ${id}`);
    await ask(listenerKey, 'GET', '/next');
    const sizes = `stdout_offset=0&stdout_bytes=${output.length}&stderr_offset=0&stderr_bytes=0`;
    await ask(listenerKey, 'POST', `/commands/${id}/finish?exit_status=0&${sizes}`, output);
  }
}

const showButtons = (page: Page) => page.getByRole('button', { name: /^show .* of output/ });

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('commands of other clients: the card shows the client, no reuse of a cut text, cancel and reset', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    const long = `echo ${'x'.repeat(300)}; rm -rf /tmp/nothing`;
    await beside.ask('POST', '/commands', long, '-H', 'Remotify-Client: ann@desk,remotify/0.1.0');
    await beside.ask('POST', '/commands', 'echo short', '-H', 'Remotify-Client: mcp');
    await waitForWords(findCommand(page, 'c2'), 'queued, 1 ahead of it');
    expect(await findCommand(page, 'c1').locator('.by').textContent()).toBe(', from ann@desk');
    expect(await findCommand(page, 'c2').locator('.by').textContent()).toBe(', from mcp');
    await findCommand(page, 'c2').getByRole('button', { name: 'reuse' }).waitFor();
    expect(await findCommand(page, 'c1').getByRole('button', { name: 'reuse' }).isVisible()).toBe(false);
    await beside.ask('DELETE', '/commands/c1');
    await waitForWords(findCommand(page, 'c1'), 'cancelled before it ran');
    await beside.ask('POST', '/reset');
    await waitForWords(findCommand(page, 'c2'), 'the session was reset');
    // After a reload, the history has the earlier texts that are complete.
    await page.reload();
    await waitForWords(findCommand(page, 'c2'), 'the session was reset');
    const field = page.getByLabel('command', { exact: true });
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('echo short');
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('echo short');
  });

  test('another client sends INT: stop still sends TERM, then KILL; a later INT changes neither', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'sleep 300');
    await beside.listenAs({}, 'GET', '/next');
    await waitForWords(findCommand(page, 'c1'), 'running');
    const press = (name: string) => page.getByRole('button', { name }).click();
    await beside.ask('DELETE', '/commands/c1?signal=INT');
    await waitForWords(findCommand(page, 'c1'), 'running (SIGINT sent)');
    await press('stop c1');
    await waitForWords(findCommand(page, 'c1'), 'stopping (SIGTERM sent)');
    await beside.ask('DELETE', '/commands/c1?signal=INT');
    await press('kill c1');
    await waitForWords(findCommand(page, 'c1'), 'stopping (SIGKILL sent)');
  });

  test('texts that the prompt cannot hold unchanged: not offered for reuse or in the history', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo safe\rrm x');
    await beside.ask('POST', '/commands', Buffer.from('rm caf\xe9.txt', 'latin1'));
    await waitForWords(findCommand(page, 'c2'), 'queued');
    for (const id of ['c1', 'c2'])
      expect(await findCommand(page, id).getByRole('button', { name: 'reuse' }).isVisible(), id).toBe(false);
    await page.reload();
    await waitForWords(findCommand(page, 'c2'), 'queued');
    const field = page.getByLabel('command', { exact: true });
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('');
  });

  test('a push whose response is lost, and that the list contains first: shown once, as a command of this tab', async () => {
    const { proxy, visitor } = await visitThroughProxy(browser, relay, { expected: /net::ERR_/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const long = `echo ${'y'.repeat(300)}`;
    let pushes = 0;
    proxy.setRules({
      onAnswer: ({ method, verb }) =>
        method === 'POST' && verb === 'commands' && pushes++ < 2 ? { fault: 'swallow' } : undefined,
    });
    await runOnPage(page, long);
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await eventually('the third push is answered', 10_000, () => pushes === 3);
    await page.locator('.command[data-state="sending"]').waitFor({ state: 'detached' });
    expect(await page.locator('.command-text').allTextContents()).toEqual([`c1 ${long}`]);
    await expect.poll(() => findCommand(page, 'c1').locator('.by').textContent()).toBe('');
  });

  test('a legacy listener on the slot: shown as connected with mode unknown, and its result is shown', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const key = visitor.key();
    const poll = curl([`${relay.url}/cmd-${key}`]);
    await findLight(page, 'ready').waitFor();
    expect(await page.locator('#light-words').textContent()).toBe('legacy listener: connected, mode unknown');
    await runOnPage(page, 'echo legacy');
    const { text } = await poll;
    expect(text).toContain('echo legacy');
    await findLight(page, 'busy').waitFor();
    await curl(['--data-binary', 'legacy\n', `${relay.url}/result-${key}`]);
    await findCommand(page, 'c1').getByText('legacy', { exact: true }).waitFor();
    await waitForWords(findCommand(page, 'c1'), 'ended');
    // A legacy client pushes through the slot.
    await curl(['--data-binary', 'echo slot', `${relay.url}/cmd-${key}`]);
    await waitForWords(findCommand(page, 'c2'), 'queued');
    expect(await findCommand(page, 'c2').locator('.by').textContent()).toMatch(/^, from curl\//);
  });

  test('a reload with 30 ended commands: output of the newest ten is read, others only by their button', async () => {
    const visitor = await visit(browser, relay);
    const { page, requests } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    const ids = Array.from({ length: 30 }, (_, at) => `c${at + 1}`);
    const waitForOutput = async (some: readonly string[]) => {
      for (const id of some)
        await findCommand(page, id).getByText(`printed by ${id}`, { exact: true }).waitFor();
    };
    await runBeside(visitor, ids, (id) => `printed by ${id}\n`);
    await waitForOutput(ids);
    requests.length = 0;
    await page.reload();
    await waitForOutput(ids.slice(20));
    expect(await showButtons(page).count()).toBe(20);
    await beside.ask('POST', '/commands', 'echo further');
    await waitForWords(findCommand(page, 'c31'), 'queued');
    await findCommand(page, 'c5').getByRole('button', { name: 'show 14 B of output' }).click();
    // Ended commands are read one at a time: when this one is read, earlier reads have finished too.
    await waitForOutput(['c5']);
    expect(await showButtons(page).count()).toBe(19);
    expect(await page.locator('.output:visible').count()).toBe(11);
    expect(await readOutput(findCommand(page, 'c5'), 'stdout')).toEqual(['printed by c5']);
    const read = requests.flatMap(({ url }) => /commands\/(c\d+)\/output/.exec(url)?.[1] ?? []);
    expect(new Set(read)).toEqual(new Set([...ids.slice(20), 'c31', 'c5']));
  });

  test('a reload with an older command without output: it has no button to show output', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const ids = Array.from({ length: 12 }, (_, at) => `c${at + 1}`);
    await runBeside(visitor, ids, (id) => (id === 'c1' ? '' : `printed by ${id}\n`));
    await waitForWords(findCommand(page, 'c12'), 'exit status 0');
    await page.reload();
    await findCommand(page, 'c2').getByRole('button', { name: 'show 14 B of output' }).waitFor();
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await findCommand(page, 'c1').getByRole('button', { name: /^show/ }).count()).toBe(0);
    expect(await showButtons(page).count()).toBe(1);
  });
});
