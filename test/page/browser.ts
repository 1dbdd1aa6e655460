import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { type Relay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { forFile } from '../harness/for-file.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

/** For `describe.skipIf(!hasChromium)`: without chromium, the tests are reported as skipped. */
export const hasChromium = executablePath !== undefined;

type TestBrowser = Pick<Browser, 'newContext'> & { close: () => Promise<void> };

/** Starts a headless browser with a new profile. */
async function launchBrowser(): Promise<TestBrowser> {
  const folder = await makeTemporaryFolder();
  const browser = await chromium.launch({
    executablePath: executablePath ?? '',
    // chromium has no sandbox for root. The browser loads only the page under test.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    env: cleanEnvironment(folder.path),
  });
  return {
    newContext: (options) => browser.newContext(options),
    close: async () => {
      await browser.close();
      await folder.remove();
    },
  };
}

const notInstalled: TestBrowser = {
  newContext: () => Promise.reject(new Error('chromium is not installed')),
  close: () => Promise.resolve(),
};

/** A browser for all tests of a file, which run only if `hasChromium`. */
export const useBrowser = (): TestBrowser =>
  hasChromium ? forFile('the browser', launchBrowser) : notInstalled;

export interface Visit {
  page: Page;
  /** Problems that the browser reported: console errors and warnings, exceptions, violations of the content security policy, dialogs. */
  problems: string[];
  /** All requests of the browser: method, URL and Referer. */
  requests: { method: string; url: string; referrer: string | undefined }[];
  /** The session key in the URL. */
  key: () => string;
}

export interface VisitOptions {
  width?: number;
  scheme?: 'light' | 'dark';
  javaScriptEnabled?: boolean;
  /** Problems that the test causes on purpose. */
  expected?: RegExp;
  path?: string;
}

/** Reports violations of the content security policy, including those that the console does not show. */
const hearViolations = `addEventListener('securitypolicyviolation', (event) =>
  reportProblem('violates ' + event.violatedDirective + ': ' + event.blockedURI + ' ' + event.sample))`;

/** Opens the page in a new browser context. Any problem that the browser reports fails the test, except `expected`. */
export async function visit(
  browser: TestBrowser,
  relay: { url: string },
  options: VisitOptions = {},
): Promise<Visit> {
  const { width = 1280, scheme = 'light', javaScriptEnabled = true, expected, path = '/' } = options;
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
    javaScriptEnabled,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const problems: string[] = [];
  const requests: Visit['requests'] = [];
  const report = (problem: string): void => {
    if (expected?.test(problem) !== true) problems.push(problem);
  };
  context.on('request', (request) => {
    requests.push({ method: request.method(), url: request.url(), referrer: request.headers()['referer'] });
  });
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      report(`${message.type()}: ${message.text()} ${message.location().url}`);
  });
  context.on('weberror', (error) => report(`exception: ${error.error().stack ?? String(error.error())}`));
  context.on('dialog', (dialog) => {
    report(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await context.exposeFunction('reportProblem', report);
  await context.addInitScript(hearViolations);
  onTestFinished(async () => {
    await context.close();
    expect(problems, 'the browser reports no problem').toEqual([]);
  });
  context.setDefaultTimeout(25_000);
  const page = await context.newPage();
  await page.goto(relay.url + path);
  return { page, problems, requests, key: () => new URL(page.url()).hash.slice(1) };
}

interface AxeAnswer {
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
}

/** The WCAG and best-practice rules that the page violates now, in both schemes. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // The other scheme differs only in colours.
    const rules = colorScheme === 'light' ? '' : `{ runOnly: ['color-contrast'] }`;
    const { violations } = await page.evaluate<AxeAnswer>(`axe.run(${rules})`);
    for (const { id, help, nodes } of violations)
      found.push(
        `${colorScheme}: ${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' ')}`,
      );
  }
  return found;
}

/** Like `visit`, through a proxy whose rules can break single requests and responses. */
export async function visitThroughProxy(
  browser: TestBrowser,
  relay: Relay,
  options: VisitOptions = {},
): Promise<{ proxy: FaultProxy; visitor: Visit }> {
  const proxy = await forTest(startFaultProxy());
  proxy.aim(relay);
  return { proxy, visitor: await visit(browser, proxy, options) };
}
