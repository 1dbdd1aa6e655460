import { describe, expect, test } from 'vitest';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { startRelay } from '../harness/relay-process.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { findLight, makeOnPage } from './session.ts';
import { forTest } from '../harness/for-test.ts';

// The relay does not create a session at once: it requires a token, limits the rate, or shuts down.

const browser = useBrowser();

async function start(...flags: string[]) {
  const relay = await forTest(startRelay({ store: 'memory:', flags }));
  return relay;
}

/** What the browser's console reports for an error response. */
const expected = /status of (401|429|503)/;

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('a relay with a token: a wrong token shows an error, the field keeps the focus, and Enter sends the right token', async () => {
    const relay = await start('--token', 'open-sesame-and-more');
    const { page, requests } = await visit(browser, relay, { expected });
    await page.getByRole('button', { name: 'create a session' }).click();
    const field = page.getByLabel('this relay requires a token');
    await field.waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('');
    // A header cannot contain the second token.
    for (const wrong of ['open-nothing', 'пароль']) {
      await field.fill(wrong);
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('the relay does not accept this token').waitFor();
      await page.locator('#token:focus').waitFor();
    }
    await field.fill(' open-sesame-and-more ');
    await page.keyboard.press('Enter');
    await findLight(page, 'waiting').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('');
    expect(requests.map(({ url }) => url).join(' ')).not.toContain('sesame');
    expect(
      await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
    ).not.toContain('sesame');
  });

  test('too many sessions: the page shows how long to wait, and the button works again', async () => {
    const relay = await start('--rate-limit', '1r/m', '--rate-limit-burst', '0');
    const first = await visit(browser, relay);
    await makeOnPage(first);
    const { page } = await visit(browser, relay, { expected });
    await page.getByRole('button', { name: 'create a session' }).click();
    await page
      .getByRole('alert')
      .getByText(/^too many new sessions from this address: try again in \d+ s$/)
      .waitFor();
    expect(await page.getByRole('button', { name: 'create a session' }).getAttribute('aria-disabled')).toBe(
      'false',
    );
  });

  test('a relay that shuts down or is unreachable: the page shows an error, and the next try works', async () => {
    const relay = await start();
    const proxy = await forTest(startFaultProxy());
    proxy.aim(relay);
    const visitor = await visit(browser, proxy, { expected: /status of 503|net::ERR_/ });
    const { page } = visitor;
    const headers = { 'Remotify-Version': '9', 'Remotify-Error': 'draining', 'Retry-After': '1' };
    const alert = page.getByRole('alert');
    for (const [fault, words] of [
      [
        { fault: 'canned', status: 503, body: 'the relay is shutting down: try again\n', headers },
        'the relay is shutting down: try again',
      ],
      [{ fault: 'canned', status: 503, body: '<html>' }, 'a proxy in front of the relay answered 503'],
      [{ fault: 'reset' }, 'the relay is unreachable'],
    ] as const) {
      proxy.setRules({ onRequest: () => fault });
      await page.getByRole('button', { name: 'create a session' }).click();
      await alert.getByText(words).waitFor();
    }
    proxy.setRules({});
    await makeOnPage(visitor);
    expect(await alert.textContent()).toBe('');
  });
});
