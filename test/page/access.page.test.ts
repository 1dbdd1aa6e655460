import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startRelay } from '../harness/relay-process.ts';
import { findBarriers, hasChromium, useBrowser, visit, type Visit } from './browser.ts';
import { askOperator, makeEveryState } from './every-state.ts';
import { endSession, findLight, makeOnPage, openPanel } from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Accessibility of the page in every state.

const relay = useRelay();
const browser = useBrowser();

const networkWords = /Failed to load resource: (?:net::ERR_|the server responded)/;

/** Visible buttons with the same name: a screen reader's list of buttons cannot distinguish them. */
const findTwins = `[...document.querySelectorAll('button')].filter((one) => one.checkVisibility())
  .map((one) => one.textContent.trim()).filter((name, at, all) => name === '' || all.indexOf(name) !== at)`;

type Look = (state: string) => Promise<void>;

async function makeForeignKey(): Promise<string> {
  return (await curl(['-X', 'POST', `${relay.url}/api/session`])).json<{ key: string }>().key;
}

/** Each group visits its states on one page. */
const groups: Record<string, (visitor: Visit, look: Look) => Promise<void>> = {
  'before a session': async ({ page }, look) => {
    await page.getByRole('button', { name: 'create a session' }).waitFor();
    await look('start');
    await page.goto(`${relay.url}/#no-key`);
    await page.locator('#error', { hasText: 'not a session key' }).waitFor();
    await look('error');
    await page.goto(`${relay.url}/#${await makeForeignKey()}`);
    await page.locator('#foreign-key').waitFor();
    await look('foreign key');
  },
  'without a listener': async (visitor, look) => {
    const { page } = visitor;
    await makeOnPage(visitor);
    await findLight(page, 'waiting').waitFor();
    await page.getByText('No commands yet').waitFor();
    await look('created');
    await page.getByText('run without approval').click();
    await look('auto line');
    await openPanel(page, 'other clients');
    await look('other clients');
    await openPanel(page, 'session');
    await page.getByRole('button', { name: 'reveal the key' }).click();
    await page.getByRole('button', { name: 'end the session' }).click();
    await look('end question');
    await page
      .locator('#file')
      .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') });
    await page.getByText('stdin: a.txt').waitFor();
    await page.evaluate(`location.hash = '${await makeForeignKey()}'`);
    await page.locator('#foreign-key').waitFor();
    await look('file and foreign key');
  },
  'commands in every state': async (visitor, look) => {
    const { page } = visitor;
    const beside = await makeEveryState(visitor, relay);
    await findLight(page, 'busy').waitFor();
    await page.getByRole('button', { name: 'wrap long rows of c2' }).click();
    await look('every state');
    await askOperator(page, beside);
    await findLight(page, 'asking').waitFor();
    await page.getByRole('button', { name: 'show all' }).first().click();
    await look('asking');
    await beside.listenAs({}, 'POST', '/leave', '');
    await findLight(page, 'gone').waitFor();
    await look('gone');
    await endSession(page);
    await page.locator('#make:focus').waitFor();
    await look('ended');
  },
};

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test.each(Object.keys(groups))(
    '%s: no accessibility violation in either scheme, and no two buttons with the same name',
    async (name) => {
      const visitor = await visit(browser, relay, { expected: networkWords });
      const found: Record<string, unknown> = {};
      await groups[name]?.(visitor, async (state) => {
        const barriers = [
          ...(await findBarriers(visitor.page)),
          ...(await visitor.page.evaluate<string[]>(findTwins)),
        ];
        if (barriers.length > 0) found[state] = barriers;
      });
      expect(found).toEqual({});
    },
  );

  test('a token is required, or the relay is unreachable: no accessibility violation', async () => {
    const guarded = await forTest(startRelay({ flags: ['--token', 'sesame'] }));
    const { page: asked } = await visit(browser, guarded, { expected: networkWords });
    await asked.getByRole('button', { name: 'create a session' }).click();
    await asked.locator('#token:focus').waitFor();
    await asked.keyboard.type('wrong');
    await asked.keyboard.press('Enter');
    await asked.locator('#error:not(:empty)').waitFor();
    expect(await findBarriers(asked)).toEqual([]);
    const lasting = await startLastingRelay();
    const visitor = await visit(browser, lasting, { expected: networkWords });
    await makeOnPage(visitor);
    await findLight(visitor.page, 'waiting').waitFor();
    await lasting.kill();
    await visitor.page.locator('#away').waitFor();
    expect(await findBarriers(visitor.page)).toEqual([]);
  });

  test('the script of the page does not load: no accessibility violation, and the curl instructions are shown', async () => {
    // axe itself is a script, so JavaScript cannot be turned off.
    const { page } = await visit(browser, relay, { expected: networkWords, path: '/icon.svg' });
    await page.route('**/landing.js', (route) => route.abort());
    await page.goto(`${relay.url}/`);
    await page.getByText('curl -fsS -X POST RELAY/api/session').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    expect(await page.getByRole('button').count()).toBe(0);
  });
});
