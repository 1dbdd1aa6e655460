import { spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addAutoMode } from '../../src/protocol/session-payload.ts';
import { renderSessionPayload } from '../../src/relay/session-lines.ts';
import { buildLines } from '../../src/page/paste-lines.ts';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startFrontProxy } from '../harness/front-proxy.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startTlsFront } from '../harness/tls-front.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { findCommand, findLight, makeOnPage, openPanel, readLine, waitForWords } from './session.ts';
import { forTest } from '../harness/for-test.ts';

// The lines that the page shows, run exactly as copied.

const key = '0123456789abcdef'.repeat(2);

function makePayload(base: string) {
  return {
    key,
    ttl_seconds: 60,
    urls: { cmd: '', result: '', runner: '', api: `${base}/api/session/${key}` },
    remote_quickstart: `curl -q -fsSL -g --proto '=https' '${base}/r/${'f'.repeat(32)}' | bash`,
    exec: `curl '${base}/cmd-${key}'`,
  };
}

describe('without a browser', () => {
  test('an address with shell characters: quoted in the CLI line, unchanged in the MCP settings', () => {
    const lines = buildLines(makePayload("https://relay.example/it's $x&(y)"), 'https://page.example');
    expect(lines.cli).toBe(
      `export REMOTIFY_KEY=${key}\nremotify exec --url 'https://relay.example/it'\\''s $x&(y)' 'COMMAND'`,
    );
    expect(JSON.parse(lines.mcp)).toEqual({
      mcpServers: {
        remotify: {
          command: 'remotify',
          args: ['mcp'],
          env: { REMOTIFY_URL: "https://relay.example/it's $x&(y)", REMOTIFY_KEY: key },
        },
      },
    });
  });

  test('a page loaded over HTTPS: has no line that sends the key unencrypted', () => {
    const lines = buildLines(makePayload('http://relay.example'), 'https://relay.example/below');
    expect([lines.supervised, lines.auto, lines.exec]).toEqual(['', '', '']);
    expect(lines.cli).toContain('--url https://relay.example/below ');
    expect(JSON.stringify(lines)).not.toContain('http:');
  });

  test('a public address with a quote in it: the lines of the relay are valid shell text', () => {
    const { remote_quickstart: line, exec } = renderSessionPayload(key, "https://relay.example/it's", {
      ttlMs: 1000,
      version: '1',
    });
    for (const text of [line, addAutoMode(line), exec])
      expect(spawnSync('bash', ['-n', '-c', text], { encoding: 'utf8' }).stderr).toBe('');
    expect(addAutoMode(line)).not.toBe(line);
  });

  test('an invalid address in the payload: the lines use the address of the page', () => {
    const payload = {
      ...makePayload('https://relay.example'),
      urls: { cmd: '', result: '', runner: '', api: '' },
    };
    expect(buildLines(payload, 'https://page.example').cli).toContain('--url https://page.example ');
  });
});

/** Presses a copy button, and returns the text in the clipboard. */
async function copy(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: `copy the ${name}` }).click();
  return page.evaluate<string>('navigator.clipboard.readText()');
}

/** A shell that has this build as `remotify` on its PATH. */
async function makeShell() {
  const folder = await forTest(makeTemporaryFolder());
  const program = join(folder.path, 'remotify');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${binaryPath}' "$@"\n`);
  await chmod(program, 0o755);
  const env = cleanEnvironment(folder.path);
  const path = { ...env, PATH: `${folder.path}:${env['PATH'] ?? ''}` };
  const run = async (text: string) => {
    const shell = spawnCaptured('bash', ['-c', text], { env: path });
    const { code } = await withDeadline(shell.closed, 30_000, text.slice(0, 80));
    return { code, stdout: shell.stdout().toString('utf8') };
  };
  const start = (text: string, extra: Record<string, string>) =>
    spawnCaptured('bash', ['-c', `exec ${text}`], { env: { ...path, ...extra }, stdin: 'open' });
  return { run, start };
}

const browser = useBrowser();

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test.each([
    ['below a path with special characters', '/it%27s%20(here)&$x'],
    ['at the root', ''],
  ])('a relay %s: each copied line works', async (_title, path) => {
    const front = await startFrontProxy({ path, strips: true });
    const relay = await startRelay({ flags: ['--public-url', front.url] });
    front.aim(relay);
    onTestFinished(async () => {
      await relay.stop();
      await front.stop();
    });
    const visitor = await visit(browser, front);
    const { page } = visitor;
    await makeOnPage(visitor);
    await page.getByText('run without approval…').click();
    const supervised = await copy(page, 'supervised line');
    const auto = await copy(page, 'auto line');
    expect(auto.replace('?mode=auto', '')).toBe(supervised);
    expect(auto).toBe(await readLine(page, 'auto'));
    await forTest(startListener(auto));
    await findLight(page, 'ready').waitFor();
    const { run, start } = await makeShell();
    await openPanel(page, 'other clients');

    const cli = (await copy(page, 'remotify lines')).replace('COMMAND', 'echo by cli; exit 3');
    expect(await run(cli)).toMatchObject({ code: 3, stdout: 'by cli\n' });
    await waitForWords(findCommand(page, 'c1'), 'exit status 3');

    const line = (await copy(page, 'curl line')).replace('COMMAND', () => `echo "by curl" '\\''$x'\\''`);
    expect(await run(line)).toMatchObject({ code: 0, stdout: 'by curl $x\n' });
    await waitForWords(findCommand(page, 'c2'), 'exit status 0');

    const settings = JSON.parse(await copy(page, 'MCP settings')) as {
      mcpServers: { remotify: { command: string; args: string[]; env: Record<string, string> } };
    };
    const { command, args, env } = settings.mcpServers.remotify;
    const call = (id: number, method: string, params: object) =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
    const requests = [
      call(1, 'initialize', {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'test', version: '1' },
      }),
      call(2, 'tools/call', { name: 'remote_exec', arguments: { command: 'echo by mcp' } }),
    ];
    const server = start([command, ...args].join(' '), env);
    onTestFinished(() => void server.child.kill('SIGKILL'));
    server.child.stdin?.write(requests.join(''));
    await eventually('the answer of the tool', 30_000, () =>
      server.stdout().toString('utf8').includes('by mcp'),
    );
    await waitForWords(findCommand(page, 'c3'), 'exit status 0');
  });

  test.skipIf(!hasOpenssl)(
    'a TLS proxy in front of a relay without --public-url: no line, and a hint to set --public-url',
    async () => {
      const relay = await forTest(startRelay());
      const folder = await forTest(makeTemporaryFolder());
      const { certPath, keyPath } = await makeCertificate(folder.path);
      const port = await startTlsFront(relay, {
        cert: await readFile(certPath),
        key: await readFile(keyPath),
      });
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      await page.goto(`https://localhost:${port}/`);
      await makeOnPage({ page });
      await page.getByRole('alert').getByText(`--public-url https://localhost:${port}`).waitFor();
      expect(await readLine(page, 'supervised')).toBe('');
      expect(await page.locator('#session').innerText()).not.toContain('http:');
    },
  );
});
