import type { Locator, Page } from 'playwright-core';
import { type Answer, curl } from '../harness/curl.ts';
import { makeGate } from '../harness/gate.ts';
import { type Listener, startListener } from '../harness/listener.ts';
import { introduce, openResource, type ResourceSession } from '../harness/resource.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import type { Visit } from './browser.ts';
import { forTest } from '../harness/for-test.ts';

/** The text of the line to paste, as shown. */
export async function readLine(page: Page, name: 'supervised' | 'auto'): Promise<string> {
  return (await page.locator(`[data-line="${name}"]`).textContent()) ?? '';
}

/** Opens a panel if it is folded. */
export async function openPanel(page: Page, name: 'connect' | 'other clients' | 'session'): Promise<void> {
  const tab = page.getByRole('navigation').getByRole('button', { name, exact: true });
  if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
}

/** Answers yes to the question about a key that the tab did not create. */
export async function openKey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'open the session', exact: true }).click();
}

/** Ends the session with the button in its panel, and confirms. */
export async function endSession(page: Page): Promise<void> {
  await openPanel(page, 'session');
  await page.getByRole('button', { name: 'end the session' }).click();
  await page.getByRole('button', { name: 'end it' }).click();
}

export async function makeOnPage({ page }: { page: Page }): Promise<void> {
  await page.getByRole('button', { name: 'create a session' }).click();
  await page.locator('#session').waitFor();
}

/** Creates a session on the page, and starts a listener with the shown auto line. */
export async function startOnPage({ page }: { page: Page }): Promise<Listener> {
  await makeOnPage({ page });
  const listener = await forTest(startListener(await readLine(page, 'auto')));
  await findLight(page, 'ready').waitFor();
  return listener;
}

type Light = 'waiting' | 'ready' | 'asking' | 'busy' | 'gone';

export function findLight(page: Page, state: Light): Locator {
  return page.locator(`#light[data-state="${state}"]`);
}

export async function runOnPage(page: Page, text: string): Promise<void> {
  await page.getByLabel('command', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'run', exact: true }).click();
}

/** One command on the page, by its id. */
export function findCommand(page: Page, id: string): Locator {
  return page.locator('.command', { has: page.locator('.id', { hasText: new RegExp(`^${id}$`) }) });
}

/** Waits until the state text contains these words. */
export async function waitForWords(command: Locator, words: string): Promise<void> {
  await command.locator('.words', { hasText: words }).waitFor();
}

/** The rows of a stream as the page shows them. */
export function readOutput(command: Locator, stream: 'stdout' | 'stderr'): Promise<string[]> {
  return command.locator(`.output .${stream}`).allTextContents();
}

export interface Beside extends ResourceSession {
  /** Sends a request as a listener with this identity. */
  listenAs: (identity: Identity, method: string, path: string, body?: string) => Promise<Answer>;
}

export interface Identity {
  host?: string;
  user?: string;
  mode?: 'supervised' | 'auto';
}

/** Access to the page's session as another client or listener. */
export async function openBeside(relay: { url: string }, { key }: Visit): Promise<Beside> {
  const answer = await curl(['-H', `Authorization: Bearer ${key()}`, `${relay.url}/api/session/self`]);
  const payload = answer.json<SessionPayload>();
  const authorization = `Authorization: Bearer ${payload.listener_key}`;
  return {
    ...openResource(relay.url, payload),
    listenAs: (identity, method, path, body) =>
      curl([
        '-X',
        method,
        '-H',
        authorization,
        ...introduce('beside', identity),
        ...(body === undefined ? [] : ['--data-binary', body]),
        `${relay.url}/api/session/self${path}`,
      ]),
  };
}

/** A gate that commands wait for until the test opens it. Removed at the end of the test. */
export async function openGate() {
  const folder = await forTest(makeTemporaryFolder());
  const gate = await forTest(makeGate(folder.path));
  return gate;
}
