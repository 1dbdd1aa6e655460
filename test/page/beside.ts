import type { Locator, Page } from 'playwright-core';
import type { Visit } from './browser.ts';
import { type Beside, findCommand, makeOnPage, openBeside, runOnPage, waitForWords } from './session.ts';

/** Creates a session on the page whose listener is the test itself, which controls every byte and chunk of the output. */
export async function makeBeside(relay: { url: string }, visitor: Visit): Promise<Beside> {
  await makeOnPage(visitor);
  return openBeside(relay, visitor);
}

export interface Output {
  stdout?: string | Buffer;
  stderr?: string | Buffer;
}

/** Pushes a command on the page, and starts it. */
export async function startBeside(page: Page, beside: Beside, id = 'c1'): Promise<Locator> {
  await runOnPage(page, 'true');
  const command = findCommand(page, id);
  await waitForWords(command, 'queued');
  await beside.listen('l1', 'GET', '/next');
  await waitForWords(command, 'running');
  return command;
}

/** Sends output from an offset. All output must be sent before the command is finished. */
export async function sendBeside(
  beside: Beside,
  stream: 'stdout' | 'stderr',
  offset: number,
  bytes: string | Buffer,
  id = 'c1',
): Promise<void> {
  await beside.listen(
    'l1',
    'POST',
    `/commands/${id}/output?stream=${stream}&offset=${offset}`,
    Buffer.from(bytes),
  );
}

/** Runs a command that ends at once with this output. */
export async function finishBeside(
  page: Page,
  beside: Beside,
  { stdout = '', stderr = '' }: Output,
  id = 'c1',
): Promise<Locator> {
  const command = await startBeside(page, beside, id);
  await sendBeside(beside, 'stdout', 0, stdout, id);
  await sendBeside(beside, 'stderr', 0, stderr, id);
  await endBeside(beside, { stdout, stderr }, id);
  await waitForWords(command, 'exit status 0');
  return command;
}

/** Finishes a command that has sent this output. */
export async function endBeside(
  beside: Beside,
  { stdout = '', stderr = '' }: Output,
  id = 'c1',
): Promise<void> {
  const sizes = [
    `stdout_offset=${Buffer.from(stdout).length}&stdout_bytes=0`,
    `stderr_offset=${Buffer.from(stderr).length}&stderr_bytes=0`,
  ].join('&');
  await beside.listen('l1', 'POST', `/commands/${id}/finish?exit_status=0&${sizes}`, '');
}
