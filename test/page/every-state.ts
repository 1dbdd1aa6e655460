import type { Page } from 'playwright-core';
import type { Visit } from './browser.ts';
import { type Beside, findCommand, makeOnPage, openBeside, runOnPage, waitForWords } from './session.ts';

const rows = Array.from({ length: 60 }, (_, at) => `row ${at + 1}`).join('\n');

/** Creates a session with at least one command in each state. This function acts as the listener. */
export async function makeEveryState(
  visitor: Visit,
  relay: { url: string },
  identity: { host?: string; user?: string } = {},
): Promise<Beside> {
  const { page } = visitor;
  await makeOnPage(visitor);
  const beside = await openBeside(relay, visitor);
  let pushed = 0;
  const push = async (text: string): Promise<string> => {
    await beside.ask('POST', '/commands', text);
    return `c${++pushed}`;
  };
  const listen = (method: string, path: string, body?: string) =>
    beside.listenAs({ mode: 'supervised', ...identity }, method, path, body);
  const start = async (text: string): Promise<string> => {
    const id = await push(text);
    await listen('GET', '/next');
    await listen('POST', `/commands/${id}/start`, '');
    return id;
  };
  const finish = async (text: string, stdout: string, stderr: string, more: string): Promise<string> => {
    const id = await start(text);
    const sizes = `stdout_offset=0&stdout_bytes=${stdout.length}&stderr_offset=0&stderr_bytes=${stderr.length}`;
    await listen('POST', `/commands/${id}/finish?${sizes}&${more}`, stdout + stderr);
    return id;
  };

  const lost = await push('make');
  await beside.listen('first', 'GET', '/next');
  await beside.listen('first', 'POST', `/commands/${lost}/start`, '');
  await beside.listen('first', 'POST', '/leave', '');
  await waitForWords(findCommand(page, lost), 'lost');
  await finish(`echo ${'long'.repeat(200)}`, `${'long'.repeat(200)}\n`, 'no such file\n', 'exit_status=0');
  await finish('seq 60', rows, '', 'exit_status=3');
  await finish('sleep 600', 'a\u001b[31mred\u001b[0m\u0007\n', '', 'exit_status=143&timed_out=1');
  await finish('cat', 'cut', '', 'exit_status=0&stdout_cut=5');
  const declined = await push('reboot');
  await listen('GET', '/next');
  await listen('POST', `/commands/${declined}/decline`, 'not on this host');
  await beside.ask('DELETE', `/commands/${await push('true')}`);
  await beside.ask('POST', '/commands?expires=0', 'date');
  pushed++;
  // The relay accepts no NUL: these commands never get an id.
  for (const text of ['nul \0 byte', 'another \0 byte']) await runOnPage(page, text);
  await page.locator('.words', { hasText: 'not accepted' }).nth(1).waitFor();
  const running = await start('tail -f log');
  await waitForWords(findCommand(page, running), 'running');
  const queued = await push('uptime');
  await waitForWords(findCommand(page, queued), 'queued');
  return beside;
}

/** Ends the running command, so that the queued one awaits approval. */
export async function askOperator(page: Page, beside: Beside): Promise<void> {
  const identity = { mode: 'supervised' } as const;
  const sizes = 'stdout_offset=0&stdout_bytes=0&stderr_offset=0&stderr_bytes=0';
  await beside.listenAs(identity, 'POST', `/commands/c9/finish?exit_status=0&${sizes}`, '');
  await beside.listenAs(identity, 'GET', '/next');
  await waitForWords(findCommand(page, 'c10'), 'waiting for approval');
}
