import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { useRelay } from '../harness/use-relay.ts';

// Hostile output, names and reasons from the remote: the page shows them as text, with control and invisible characters escaped.

const relay = useRelay();
const browser = useBrowser();

const markup =
  '<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)></div></ol><style>*{display:none}</style>&lt;';

/** Counts elements that the page itself never creates. */
async function countStrangers(page: Page): Promise<number> {
  return page.locator('#session :is(script, img, svg, style, iframe, a, link)').count();
}

/** The bytes as octal escapes for the shell's printf. */
const octal = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/** Title, bytes, and the lines that the page shows. */
const outputs: [string, Uint8Array, string[]][] = [
  ['markup', Buffer.from(markup), [markup]],
  [
    'terminal sequences',
    Buffer.from('\x1b[2J\x1b]0;owned\x07\x9b31mred\b\x7f'),
    ['\\x1b[2J\\x1b]0;owned\\x07\\x9b31mred\\x08\\x7f'],
  ],
  [
    'characters that change the text direction or are invisible',
    Buffer.from('a\u202eb\u2066c\u200bd\ufeffe\u00adf'),
    ['a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}e\\xadf'],
  ],
  ['NUL', Buffer.from('a\0\0b'), ['a\\x00\\x00b']],
  [
    'bytes that are not UTF-8',
    Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98, 0x21]),
    ['a\\xff\\xc3(\\xed\\xa0\\x80\\xf0\\x9f\\x98!'],
  ],
  ['a real replacement character', Buffer.from('\ufffd\xff', 'utf8'), ['\ufffd\u00ff']],
  [
    'all kinds of line ends, and a carriage return that redraws its row',
    Buffer.from('a\r\nb\rc\n\nd'),
    ['a', 'c', '', 'd'],
  ],
  ['letters of several scripts', Buffer.from('\u00e9\u05d0\u4e2d\u{1f600}'), ['\u00e9\u05d0\u4e2d\u{1f600}']],
];

describe.skipIf(!hasChromium)('in chromium', { timeout: 90_000 }, () => {
  test('output of every hostile kind: shown as text', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    const bytes = octal(Buffer.concat(outputs.flatMap(([, given]) => [given, Buffer.from('\n')])));
    await runOnPage(page, `printf '${bytes}'; printf '${bytes}' >&2`);
    const command = findCommand(page, 'c1');
    await waitForWords(command, 'exit status 0');
    await command.locator('.stderr').last().waitFor();
    const lines = outputs.flatMap(([, , shown]) => shown);
    expect(await readOutput(command, 'stdout')).toEqual(lines);
    expect((await readOutput(command, 'stderr')).join('\n')).toBe(`stderr: ${lines.join('\n')}`);
    expect(await countStrangers(page)).toBe(0);
    await page.reload();
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    await findCommand(page, 'c1').locator('.stderr').first().waitFor();
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(lines);
    expect(await countStrangers(page)).toBe(0);
  });

  test('characters and line ends split between two responses: joined', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await runOnPage(page, 'true');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await beside.listen('l1', 'GET', '/next');
    const bytes = Buffer.concat([Buffer.from('\u00e9\r\n\u{1f600}'), Buffer.from([0xe4, 0xb8])]);
    for (let at = 0; at < bytes.length; at++) {
      // The page must have read this byte before the next one is written.
      const isRead = page.waitForRequest((request) => request.url().includes(`/output?stdout=${at + 1}&`));
      const path = `/commands/c1/output?stream=stdout&offset=${at}`;
      await beside.listen('l1', 'POST', path, bytes.subarray(at, at + 1));
      await isRead;
    }
    const sizes = `exit_status=0&stdout_offset=${bytes.length}&stdout_bytes=0&stderr_offset=0&stderr_bytes=0`;
    await beside.listen('l1', 'POST', `/commands/c1/finish?${sizes}`, '');
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['\u00e9', '\u{1f600}\\xe4\\xb8']);
  });

  test('a listener with a hostile host and user name: shown as escaped text', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    // The relay replaces non-ASCII bytes in headers, and the page would escape them.
    const names = [markup.slice(0, 78), '" onmouseover="alert(1)', 'abc\u202etxt.exe\u200b'];
    for (const name of names) {
      await page.goto('about:blank');
      await page.goto(relay.url);
      await makeOnPage(visitor);
      const beside = await openBeside(relay, visitor);
      await runOnPage(page, 'true');
      await waitForWords(findCommand(page, 'c1'), 'queued');
      expect((await beside.listenAs({ host: name, user: name }, 'GET', '/next')).status).toBe(200);
      await findLight(page, 'busy').waitFor();
      const shown = (await page.locator('#light-words bdi').textContent()) ?? '';
      expect(shown).not.toMatch(/[\u200b\u202e]/);
      if (/^[\x20-\x7e]*$/.test(name)) expect(shown).toContain(name.slice(0, 20));
      expect(await countStrangers(page)).toBe(0);
    }
    // A relay that replaces nothing could send this.
    const name = `${markup}\u202e\x1b[2J`;
    await page.goto('about:blank');
    await page.route(
      '**/api/session/self/status',
      async (route) => {
        const response = await route.fetch();
        const listener = { host: name, user: name, mode: name, attached: true, seen_seconds_ago: 0 };
        await route.fulfill({ response, json: { ...(await response.json()), listener } });
      },
      { times: 1 },
    );
    await page.goto(relay.url);
    await makeOnPage(visitor);
    await findLight(page, 'ready').waitFor();
    const spelled = `${markup}\\u{202e}\\x1b[2J`;
    expect(await page.locator('#light-words').textContent()).toBe(
      `${spelled}@${spelled}: connected, mode unknown`,
    );
    expect(await countStrangers(page)).toBe(0);
  });

  test('a command of another client with a hostile client name and reason: shown as escaped text', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'true', '-H', `Remotify-Client: ${markup.slice(0, 60)}`);
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await beside.listenAs({ mode: 'supervised' }, 'GET', '/next');
    await waitForWords(findCommand(page, 'c1'), 'waiting for approval');
    const reason = `${markup}\u202e\x1b[2J`;
    await beside.listenAs({ mode: 'supervised' }, 'POST', '/commands/c1/decline', reason);
    await waitForWords(findCommand(page, 'c1'), `declined by the operator: ${markup}`);
    const words = (await findCommand(page, 'c1').locator('.words').textContent()) ?? '';
    for (const sign of ['\u202e', '\x1b']) expect(words).not.toContain(sign);
    expect(await countStrangers(page)).toBe(0);
  });

  test('a typed command with an invisible character: the card shows it escaped', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    await runOnPage(page, `echo a\u202eb ${markup}`);
    await waitForWords(findCommand(page, 'c1'), 'queued');
    expect(await findCommand(page, 'c1').locator('code').textContent()).toBe(`echo a\\u{202e}b ${markup}`);
    expect(await countStrangers(page)).toBe(0);
  });

  test('a line of 1 MB, and 12 MB of lines: the page shows the end, and how to get the rest', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, `head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end`);
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    await findCommand(page, 'c1').getByText('end', { exact: true }).waitFor();
    expect(await findCommand(page, 'c1').locator('.note').textContent()).toBe(
      'showing the end of 1.0 MB of output: download it for the rest',
    );
    await runOnPage(
      page,
      `yes "$(head -c 200 /dev/zero | tr '\\0' y)" | head -n 60000; head -c 300000 /dev/zero; echo end`,
    );
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');
    await findCommand(page, 'c2').locator('.stdout', { hasText: /end$/ }).waitFor();
    expect(await findCommand(page, 'c2').locator('.note').textContent()).toMatch(
      /^showing the end of 12\.\d MB /,
    );
    const size = `document.getElementById('commands').textContent.length`;
    expect(await page.evaluate(size)).toBeLessThan(1_000_000);
    expect(await page.locator('#commands *').count()).toBeLessThan(10_000);
    // The page still works.
    await runOnPage(page, 'echo well');
    await findCommand(page, 'c3').getByText('well', { exact: true }).waitFor();
  });
});
