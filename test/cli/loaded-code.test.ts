import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startForwardProxy } from '../harness/forward-proxy.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forFile } from '../harness/for-file.ts';

// The code that `exec` loads: code for proxies and certificate authorities is loaded only if they are configured.

const relay = useRelay();
const remote = useRemote(relay);
const folder = forFile('the folder', makeTemporaryFolder);

const spy = `
process.on('exit', () => {
  require('node:fs').writeFileSync(process.env.LOADED, Object.keys(require.cache).join('\\n'));
});
`;

/** The paths of the loaded files of dist/. */
async function listLoadedPaths(env: Record<string, string>): Promise<string[]> {
  const [spyPath, listPath] = [join(folder.path, 'spy.cjs'), join(folder.path, 'loaded')];
  await writeFile(spyPath, spy);
  const { exitCode, stderr } = await remote.run(['exec', 'true'], {
    env: { NODE_OPTIONS: `--require=${spyPath}`, LOADED: listPath, ...env },
  });
  expect([exitCode, stderr]).toEqual([0, '']);
  return (await readFile(listPath, 'utf8')).split('\n').filter((path) => path.includes('/dist/'));
}

/** The names of the loaded files, without hashes. */
async function listLoaded(env: Record<string, string>): Promise<string[]> {
  return (await listLoadedPaths(env))
    .map((path) =>
      basename(path)
        .replace(/-.{8}\.cjs$/, '')
        .replace(/\.cjs$/, ''),
    )
    .toSorted();
}

test('exec loads six files of at most 195 kB, with only the needed part of undici', async () => {
  const sizes = await Promise.all((await listLoadedPaths({})).map(async (path) => (await stat(path)).size));
  expect(sizes).toHaveLength(6);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(195_000);
});

let plain: string[];
beforeAll(async () => {
  plain = await listLoaded({});
});

test('no proxy, no authority: exec loads no code for them', () => {
  expect(plain).toContain('http');
  expect(plain.filter((name) => /route|prox|socks|authorit|explain/.test(name))).toEqual([]);
});

test('a proxy for https only, an authority, and an http relay: exec loads no code for them', async () => {
  const env = { https_proxy: 'http://127.0.0.1:1', SSL_CERT_FILE: '/nowhere', NO_PROXY: '*' };
  expect(await listLoaded(env)).toEqual(plain);
});

test('a proxy that NO_PROXY excludes: only the code that checks this is loaded', async () => {
  const env = { http_proxy: 'http://127.0.0.1:1', NO_PROXY: '127.0.0.1' };
  expect(await listLoaded(env)).toEqual([...plain, 'find-proxy', 'open-route'].toSorted());
});

test('an HTTP proxy in use: its code is loaded, the code for SOCKS is not', async () => {
  const proxy = await forTest(startForwardProxy(relay.port));
  const loaded = await listLoaded({ http_proxy: proxy.url });
  expect(loaded).toContain('proxy-route');
  expect(loaded).not.toContain('socks-tunnel');
});
