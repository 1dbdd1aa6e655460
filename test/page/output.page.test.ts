import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Download, Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../harness/random.ts';
import { startRelay } from '../harness/relay-process.ts';
import { seed } from '../harness/seed.ts';
import { endBeside, finishBeside, makeBeside, sendBeside, startBeside } from './beside.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { findCommand, readOutput, waitForWords } from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Output on the page: redraws, limits, scrolling and folding, copy and download.

const relay = useRelay();
const browser = useBrowser();

const patiently = { timeout: 15_000 };

const lines = (count: number, word = 'row'): string =>
  Array.from({ length: count }, (_, at) => `${word} ${at + 1}\n`).join('');

interface Place {
  top: number;
  isAtEnd: boolean;
  /** Whether each edge has a shade, and whether there is more beyond it: above, below, right. */
  shades: boolean[];
  edges: boolean[];
}

/** The scroll position of the output, and its edges. */
function readPlace(command: Locator): Promise<Place> {
  return command.locator('.output').evaluate((element) => {
    const { scrollTop, clientHeight, scrollHeight, scrollLeft, clientWidth, scrollWidth, classList } =
      element;
    const below = scrollHeight - clientHeight - scrollTop;
    return {
      top: scrollTop,
      isAtEnd: below < 5,
      shades: ['more-above', 'more-below', 'more-right'].map((name) => classList.contains(name)),
      edges: [scrollTop > 4, below > 4, scrollWidth - clientWidth - scrollLeft > 4],
    };
  });
}

/** Waits until the shades have these values, and match the real edges. */
async function waitForShades(command: Locator, expected: boolean[]): Promise<void> {
  await expect
    .poll(async () => {
      const { shades, edges } = await readPlace(command);
      return [shades, edges];
    }, patiently)
    .toEqual([expected, expected]);
}

async function download(page: Page, command: Locator): Promise<Download> {
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    command.getByRole('button', { name: 'download' }).click(),
  ]);
  return saved;
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('stdout and stderr redraw a row in turns: each stream keeps one row', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await startBeside(page, beside);
    let [stdout, stderr] = ['', ''];
    for (let at = 0; at < 5; at++) {
      const [out, err] = [`\rout ${at}`, `\r\x1b[31merr ${at}\x1b[0m`];
      await sendBeside(beside, 'stdout', stdout.length, out);
      await sendBeside(beside, 'stderr', stderr.length, err);
      stdout += out;
      stderr += err;
      await command.locator('.stderr', { hasText: `err ${at}` }).waitFor();
    }
    await endBeside(beside, { stdout, stderr });
    await waitForWords(command, 'exit status 0');
    expect(await readOutput(command, 'stdout')).toEqual(['out 4']);
    expect(await readOutput(command, 'stderr')).toEqual(['stderr: err 4']);
  });

  test('output that grows: follows the end, but does not scroll for a visitor who has scrolled up', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await startBeside(page, beside);
    let sent = lines(100);
    await sendBeside(beside, 'stdout', 0, sent);
    await command.getByText('row 100', { exact: true }).waitFor();
    await expect.poll(async () => (await readPlace(command)).isAtEnd, patiently).toBe(true);
    const more = async (word: string) => {
      await sendBeside(beside, 'stdout', sent.length, lines(50, word));
      sent += lines(50, word);
      await command.getByText(`${word} 50`, { exact: true }).waitFor({ state: 'attached' });
    };
    await more('second');
    await expect.poll(async () => (await readPlace(command)).isAtEnd, patiently).toBe(true);
    await command.locator('.output').evaluate((element) => element.scrollTo(0, 480));
    await expect.poll(async () => (await readPlace(command)).shades[1], patiently).toBe(true);
    await more('third');
    expect((await readPlace(command)).top).toBe(480);
    await command.locator('.output').evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await more('fourth');
    await expect.poll(async () => (await readPlace(command)).isAtEnd, patiently).toBe(true);
    await endBeside(beside, { stdout: sent });
    await waitForWords(command, 'exit status 0');
    expect((await readPlace(command)).isAtEnd).toBe(true);
  });

  test('rows are dropped above the visible ones: the visible rows do not move', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await startBeside(page, beside);
    const first = lines(3_900);
    await sendBeside(beside, 'stdout', 0, first);
    const read = command.getByText('row 3000', { exact: true });
    await read.waitFor({ state: 'attached' });
    await read.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await read.boundingBox();
    await sendBeside(beside, 'stdout', first.length, lines(500, 'later'));
    await command.getByText('later 500', { exact: true }).waitFor({ state: 'attached' });
    expect(await command.getByText('row 400', { exact: true }).count()).toBe(0);
    await expect.poll(async () => (await read.boundingBox())?.y, patiently).toBeCloseTo(before?.y ?? -1, 0);
  });

  test.each([
    ['more than the page shows', 900_000],
    ['more than the page reads', 3_000_000],
  ])('one row of %s, three bytes per character: begins with a complete character', async (_title, size) => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await finishBeside(page, beside, { stdout: '€'.repeat(size / 3) });
    await command.locator('.note', { hasText: 'showing the end of' }).waitFor();
    await expect.poll(() => command.locator('.output').textContent(), patiently).toMatch(/^€+$/);
  });

  test('12 rows are not folded, 300 are; "show less" keeps the scroll position, and the button in view', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const short = await finishBeside(page, beside, { stdout: lines(12) }, 'c1');
    expect(await short.getByRole('button', { name: /^show/ }).count()).toBe(0);
    await finishBeside(page, beside, { stdout: lines(300) }, 'c2');
    const long = findCommand(page, 'c2');
    await long.getByRole('button', { name: 'show all 300 rows of the output of c2' }).click();
    await long.getByText('row 300', { exact: true }).waitFor();
    const less = long.getByRole('button', { name: 'show less' });
    await less.click();
    const more = long.getByRole('button', { name: 'show all 300 rows' });
    expect((await readPlace(long)).isAtEnd).toBe(true);
    await waitForShades(long, [true, false, false]);
    const [box, window] = [await more.boundingBox(), await page.locator('#transcript').boundingBox()];
    expect(box && window && box.y >= window.y && box.y + box.height <= window.y + window.height).toBe(true);
    // Scrolled to the middle: the position stays.
    await long.locator('.output').evaluate((element) => element.scrollTo(0, 1_000));
    await more.click();
    expect((await readPlace(long)).top).toBe(1_000);
    await less.click();
    expect((await readPlace(long)).top).toBe(1_000);
    await waitForShades(long, [true, true, false]);
  });

  test('shades at the edges: correct after wrapping, folding, a resize, and the end of the command', async () => {
    const visitor = await visit(browser, relay, { width: 600 });
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await startBeside(page, beside);
    const stdout = `${'wide '.repeat(20)}\nnarrow\n`;
    await sendBeside(beside, 'stdout', 0, stdout);
    await command.getByText('narrow').waitFor();
    await waitForShades(command, [false, false, true]);
    await command.getByRole('button', { name: 'wrap' }).click();
    await waitForShades(command, [false, false, false]);
    await command.getByRole('button', { name: 'wrap' }).click();
    await page.setViewportSize({ width: 2000, height: 800 });
    await waitForShades(command, [false, false, false]);
    await page.setViewportSize({ width: 400, height: 800 });
    await waitForShades(command, [false, false, true]);
    await sendBeside(beside, 'stderr', 0, lines(40));
    await waitForShades(command, [true, false, true]);
    await command.locator('.output').evaluate((element) => element.scrollTo(10_000, 0));
    await waitForShades(command, [false, true, false]);
    await endBeside(beside, { stdout, stderr: lines(40) });
    await waitForWords(command, 'exit status 0');
    await waitForShades(command, [false, true, false]);
    await page.setViewportSize({ width: 400, height: 2400 });
    await command.getByRole('button', { name: 'show all' }).click();
    await waitForShades(command, [false, false, false]);
  });

  test('a download: has every byte of both streams, including NUL and invalid UTF-8', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const random = createRandom(seed);
    const noise = (count: number) => Buffer.from(Array.from({ length: count }, () => random.below(256)));
    const [stdout, stderr] = [
      noise(70_000),
      Buffer.concat([Buffer.from([0, 0xff, 0x0d, 0x0a, 0]), noise(900)]),
    ];
    const beside = await makeBeside(relay, visitor);
    const command = await finishBeside(page, beside, { stdout, stderr });
    await command.locator('.stderr').first().waitFor();
    const saved = await download(page, command);
    expect(saved.suggestedFilename()).toBe('remotify-c1.txt');
    expect(hash(await readFile(await saved.path()))).toBe(hash(Buffer.concat([stdout, stderr])));
  });

  test('a download while the command runs: has the output so far, and ends', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await startBeside(page, beside);
    await sendBeside(beside, 'stdout', 0, 'first\n');
    await command.getByText('first').waitFor();
    // The command writes more at each read: a download that read to the end would never finish.
    let offset = 6;
    await page.route('**/output?*limit=*', async (route) => {
      await sendBeside(beside, 'stdout', offset, 'more\n');
      offset += 5;
      await route.continue();
    });
    const saved = await download(page, command);
    expect(await readFile(await saved.path(), 'utf8')).toBe('first\n');
  });

  test('output that was evicted, or cut by the quota: the card shows how much is missing', async () => {
    const small = await forTest(startRelay({ flags: ['--session-quota', '200k'] }));
    const visitor = await visit(browser, small, { expected: /status of 507/ });
    const { page } = visitor;
    const beside = await makeBeside(small, visitor);
    const first = await finishBeside(page, beside, { stdout: 'a'.repeat(120_000) }, 'c1');
    await first.locator('.stdout').first().waitFor();
    await finishBeside(page, beside, { stdout: 'b'.repeat(120_000) }, 'c2');
    // The page still shows the output that it has read: only the download notices the eviction.
    const saved = await download(page, first);
    expect((await readFile(await saved.path())).byteLength).toBe(0);
    await first.getByText('120000 bytes of output are missing: the relay removed them').waitFor();
    await page.reload();
    await findCommand(page, 'c1').getByText('120000 bytes of output are missing').waitFor();
    await startBeside(page, beside, 'c3');
    const sizes = 'stdout_offset=0&stdout_bytes=0&stderr_offset=0&stderr_bytes=0';
    await beside.listen('l1', 'POST', `/commands/c3/finish?exit_status=0&${sizes}&stdout_cut=77`, '');
    await findCommand(page, 'c3')
      .getByText('77 bytes of output are missing: they could not be stored')
      .waitFor();
  });

  test.each(['download', 'copy'])(
    '%s of output that the relay evicts after the first part was read: the card shows how much is missing',
    async (button) => {
      const small = await forTest(startRelay({ flags: ['--session-quota', '8m'] }));
      const visitor = await visit(browser, small);
      const { page } = visitor;
      const beside = await makeBeside(small, visitor);
      const first = await finishBeside(page, beside, { stdout: Buffer.alloc(5_000_000, 'a') }, 'c1');
      await startBeside(page, beside, 'c2');
      let parts = 0;
      await page.route('**/commands/c1/output?*', async (route) => {
        if (++parts === 2) await sendBeside(beside, 'stdout', 0, Buffer.alloc(5_000_000, 'b'), 'c2');
        await route.continue();
      });
      await first.getByRole('button', { name: button }).click();
      await first.getByText('5000000 bytes of output are missing: the relay removed them').waitFor();
      expect(parts).toBe(2);
      await waitForWords(first, 'ended, output incomplete');
    },
  );

  test('a download whose command view arrives after the command ended: the card stays ended, without a stop button', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await startBeside(page, beside);
    await sendBeside(beside, 'stdout', 0, 'all\n');
    await command.getByText('all', { exact: true }).waitFor();
    await page.route('**/commands/c1', async (route) => {
      const response = await route.fetch();
      expect(await response.json()).toMatchObject({ state: 'running' });
      await endBeside(beside, { stdout: 'all\n' });
      await waitForWords(command, 'exit status 0');
      await route.fulfill({ response });
    });
    const saved = await download(page, command);
    expect(await readFile(await saved.path(), 'utf8')).toBe('all\n');
    expect(await command.getAttribute('data-state')).toBe('finished');
    expect(await command.locator('.words').textContent()).toBe('exit status 0');
    expect(await command.getByRole('button', { name: /^(stop|kill|cancel)/ }).count()).toBe(0);
  });

  test('copy: more than 8 MiB is refused with a visible message, and a copy is confirmed', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const big = await finishBeside(page, beside, { stdout: Buffer.alloc(8 * 1024 * 1024 + 1, 'x') }, 'c1');
    await big.getByRole('button', { name: 'copy' }).click();
    await big.locator('.note', { hasText: 'too much for the clipboard: download the output' }).waitFor();
    const small = await finishBeside(page, beside, { stdout: 'a\0\r\n', stderr: 'é\n' }, 'c2');
    await small.getByRole('button', { name: 'copy' }).click();
    await small.getByText('copied', { exact: true }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('a\0\r\né\n');
  });

  test('copy without the clipboard API: document.execCommand copies; if it fails too, the card shows a message', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await finishBeside(page, beside, { stdout: 'by the older way\n' });
    await page.evaluate(`globalThis.clipboard = navigator.clipboard;
      Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined })`);
    await command.getByRole('button', { name: 'copy' }).click();
    await command.getByText('copied', { exact: true }).waitFor();
    expect(await page.evaluate('clipboard.readText()')).toBe('by the older way\n');
    await page.evaluate(`document.execCommand = () => false`);
    await command
      .getByRole('button', { name: 'copied' })
      .or(command.getByRole('button', { name: 'copy' }))
      .click();
    await command.locator('.note', { hasText: 'this browser blocks copying: download the output' }).waitFor();
  });

  test('output selected and copied by hand: includes empty rows', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const command = await finishBeside(page, beside, { stdout: 'a\n\nb\n\n\nc\n' });
    await command.waitFor();
    await page.evaluate(`getSelection().selectAllChildren(document.querySelector('.output'))`);
    await page.keyboard.press('Control+C');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('a\n\nb\n\n\nc');
  });

  test('a long command of another client: the card shows its beginning, escaped, and its size, without reuse', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    const beside = await makeBeside(relay, visitor);
    const client = ['-H', 'Remotify-Client: ann@desk'];
    await beside.ask('POST', '/commands', `echo '<b>\u202e${'x'.repeat(400)}'\n`, ...client);
    const long = findCommand(page, 'c1');
    await long.locator('.by', { hasText: 'from ann@desk' }).waitFor();
    expect(await long.locator('.command-text').textContent()).toMatch(/^c1 echo '<b>\\u\{202e\}x+ … 414 B$/);
    expect(await long.getByRole('button', { name: 'reuse' }).count()).toBe(0);
    await beside.ask('POST', '/commands', 'echo short', ...client);
    await findCommand(page, 'c2').getByRole('button', { name: 'reuse' }).click();
    expect(await page.getByLabel('command', { exact: true }).inputValue()).toBe('echo short');
    // A cut text would be dangerous in the history too.
    await page.reload();
    await findCommand(page, 'c2').waitFor();
    const field = page.getByLabel('command', { exact: true });
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('echo short');
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('echo short');
  });
});
