import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasChromium, useBrowser, visit, visitThroughProxy } from './browser.ts';
import {
  endSession,
  findCommand,
  findLight,
  makeOnPage,
  readLine,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A file as the stdin of a command: all of its bytes arrive, or the page stops the command and the card shows why.

const relay = useRelay();
const browser = useBrowser();

async function makeFolder(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return folder.path;
}

/** Drops files on an element, as a file manager does. */
async function drop(page: Page, selector: string, files: string[]): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  const place = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 };
  const session = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', {
      type,
      ...place,
      data: { items: [], files, dragOperationsMask: 1 },
    });
}

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a file of 0 bytes, and one of 20 MB: the command reads exactly these bytes', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    const folder = await makeFolder();
    const bytes = Buffer.alloc(20_000_000, 'never the same twice ');
    await writeFile(join(folder, 'none'), '');
    await writeFile(join(folder, 'big'), bytes);
    for (const [name, content] of [
      ['none', Buffer.alloc(0)],
      ['big', bytes],
    ] as const) {
      await page.locator('#file').setInputFiles(join(folder, name));
      await page.getByText(`stdin: ${name} (`).waitFor();
      await runOnPage(page, 'sha256sum');
      const command = page.locator('.command').last();
      await waitForWords(command, 'exit status 0');
      const hash = createHash('sha256').update(content).digest('hex');
      expect(await readOutput(command, 'stdout')).toEqual([`${hash}  -`]);
    }
  });

  test('a proxy that rejects large bodies: the file is sent in smaller parts', async () => {
    const { proxy, visitor } = await visitThroughProxy(browser, relay, { expected: /status of 413/ });
    const { page } = visitor;
    await startOnPage(visitor);
    let refused = 0;
    proxy.setRules({
      onRequest: ({ method, verb }, { body }) => {
        if (method !== 'PUT' || verb !== 'stdin' || body.byteLength <= 100_000) return undefined;
        refused++;
        return { fault: 'canned', status: 413, body: '<html>too large</html>' };
      },
    });
    const bytes = Buffer.alloc(300_000, 'never the same twice ');
    await page
      .locator('#file')
      .setInputFiles({ name: 'some.bin', mimeType: 'application/octet-stream', buffer: bytes });
    await runOnPage(page, 'sha256sum');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(refused).toBeGreaterThan(0);
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual([`${hash}  -`]);
  });

  test('a file is chosen, and another session is opened: the file is not sent to it', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    await page
      .locator('#file')
      .setInputFiles({ name: 'secret', mimeType: 'text/plain', buffer: Buffer.from('for the first only') });
    await page.getByText('stdin: secret').waitFor();
    await endSession(page);
    await page.getByText('session ended').first().waitFor();
    await makeOnPage(visitor);
    await findLight(page, 'waiting').waitFor();
    await forTest(startListener(await readLine(page, 'auto')));
    await findLight(page, 'ready').waitFor();
    expect(await page.locator('#file-chosen').textContent()).toBe('');
    await runOnPage(page, 'cat; echo none');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['none']);
  });

  test('a file is being sent: the browser asks before it closes the page; after the file has arrived, it does not ask', async () => {
    const visitor = await visit(browser, relay, { expected: /^dialog: / });
    const { page } = visitor;
    await startOnPage(visitor);
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    await page.route('**/stdin?**', async (route) => {
      await gate;
      await route.continue();
    });
    const buffer = Buffer.from('a file\n');
    await page.locator('#file').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer });
    await runOnPage(page, 'cat');
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'running');
    const asked = page.waitForEvent('dialog');
    // The reload does not finish, because the dialog is dismissed.
    await page.reload({ timeout: 1_000 }).catch(() => undefined);
    expect((await asked).type()).toBe('beforeunload');
    goOn();
    await waitForWords(command, 'exit status 0');
    expect(await readOutput(command, 'stdout')).toEqual(['a file']);
    await page.reload();
    await waitForWords(command, 'exit status 0');
  });

  test('a file with a hostile name: the name is shown as text, with escapes', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const name = '<img src=x onerror=alert(1)>\u202egpj.exe\n';
    await page.locator('#file').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from('x') });
    expect(await page.locator('#file-chosen').textContent()).toBe(
      String.raw`stdin: <img src=x onerror=alert(1)>\u{202e}gpj.exe\n (1 B)`,
    );
    expect(await page.locator('#run-form img').count()).toBe(0);
  });

  test('a file dropped on the form or beside it: chosen; of several, the first; a folder: refused with a message', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const folder = await makeFolder();
    const [a, b] = [join(folder, 'a.txt'), join(folder, 'b.txt')];
    await mkdir(join(folder, 'inside'));
    for (const path of [a, b]) await writeFile(path, 'text');
    const chosen = page.locator('#file-chosen');
    await drop(page, '#command', [a]);
    await chosen
      .getByText('stdin: a.txt (4 B)', { exact: true })
      .or(chosen.filter({ hasText: /^stdin: a\.txt \(4 B\)$/ }))
      .waitFor();
    // Beside the form, the browser would show the file and leave the page.
    await drop(page, '#transcript', [b]);
    await chosen.filter({ hasText: /^stdin: b\.txt \(4 B\)$/ }).waitFor();
    await drop(page, '#command', [a, b]);
    await chosen.filter({ hasText: /^stdin: a\.txt \(4 B\), the first of 2 files$/ }).waitFor();
    await drop(page, '#command', [join(folder, 'inside')]);
    await chosen.filter({ hasText: /^a folder cannot be sent/ }).waitFor();
    expect(await page.getByRole('button', { name: 'remove the file' }).isVisible()).toBe(false);
    expect(await page.locator('#session').isVisible()).toBe(true);
  });

  test('dropped text: left to the browser, and the chosen file stays', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    await page
      .locator('#file')
      .setInputFiles({ name: 'kept', mimeType: 'text/plain', buffer: Buffer.from('x') });
    const isTaken = await page.evaluate(`(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData('text/plain', 'words');
      const field = document.getElementById('command');
      return ['dragover', 'drop'].map((type) =>
        !field.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true })));
    })()`);
    expect(isTaken).toEqual([false, false]);
    expect(await page.locator('#file-chosen').textContent()).toBe('stdin: kept (1 B)');
  });

  test('a file is deleted after it was chosen: the command is stopped, and the card shows why', async () => {
    const visitor = await visit(browser, relay, { expected: /ERR_FILE_NOT_FOUND|status of/ });
    const { page } = visitor;
    await startOnPage(visitor);
    const path = join(await makeFolder(), 'gone.txt');
    await writeFile(path, 'here for now');
    await page.locator('#file').setInputFiles(path);
    await page.getByText('stdin: gone.txt').waitFor();
    await rm(path);
    await runOnPage(page, 'cat; echo read all');
    const command = findCommand(page, 'c1');
    await command.locator('.note', { hasText: 'gone.txt could not be read' }).waitFor();
    await command.locator('.words', { hasText: /^(ended by SIGTERM|cancelled)/ }).waitFor();
    expect(await readOutput(command, 'stdout')).not.toContain('read all');
  });

  test('a command that ends before it has read its file: no error', async () => {
    const visitor = await visit(browser, relay, { expected: /status of 409/ });
    const { page } = visitor;
    await startOnPage(visitor);
    const buffer = Buffer.alloc(6_000_000, 'x');
    await page.locator('#file').setInputFiles({ name: 'long', mimeType: 'text/plain', buffer });
    await runOnPage(page, 'head -c 3; echo');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['xxx']);
    await runOnPage(page, 'echo next');
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
    expect(await page.getByRole('alert').textContent()).toBe('');
  });

  test('a file larger than the quota of the relay: the card shows an error, and the command is cancelled', async () => {
    const small = await forTest(startRelay({ flags: ['--session-quota', '200k'] }));
    const visitor = await visit(browser, small, { expected: /status of 507/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const buffer = Buffer.alloc(3_000_000, 'x');
    await page.locator('#file').setInputFiles({ name: 'large', mimeType: 'text/plain', buffer });
    await runOnPage(page, 'cat');
    const command = findCommand(page, 'c1');
    await command.locator('.note', { hasText: 'large was not sent in full' }).waitFor();
    await waitForWords(command, 'cancelled');
  });
});
