import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readFacts, resolveImport, roomOf, sourceFiles } from './source-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Which other folders of src each folder may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  text: ['protocol'],
  session: ['protocol'],
  store: ['session', 'protocol'],
  runner: ['protocol'],
  relay: ['store', 'session', 'runner', 'protocol', 'text'],
  client: ['protocol'],
  config: ['protocol', 'text'],
  terminal: ['protocol', 'text'],
  page: ['client', 'protocol', 'text'],
  mcp: ['client', 'protocol', 'text'],
  library: ['relay', 'client', 'config'],
  cli: ['relay', 'runner', 'client', 'config', 'terminal', 'mcp', 'protocol', 'text'],
};

/** Which folders or files of src may import a package. */
const packageUsers: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  conf: ['config'],
  chalk: ['terminal'],
  ora: ['terminal'],
  'string-width': ['terminal'],
  undici: [
    'src/client/undici-http.ts',
    'src/client/proxy-route.ts',
    'src/client/proxy-socket.ts',
    'src/client/socks-tunnel.ts',
    'src/client/undici-deep.d.ts',
  ],
  pino: ['src/relay/json-lines.ts'],
  ioredis: ['src/store/redis-client.ts', 'src/store/redis-connection.ts', 'src/store/redis-subscriber.ts'],
  '@modelcontextprotocol/server': ['mcp'],
  'tar-stream': ['src/cli/cp/unpack-tar.ts', 'src/cli/cp/tar-watch.ts', 'src/cli/cp/tar-stream.d.ts'],
  zod: ['mcp'],
};

/** Which modules of Node the folders without I/O may import. */
const builtinsOf: Readonly<Record<string, readonly string[]>> = {
  protocol: ['node:crypto'],
  text: [],
  session: [],
};

const relative = sourceFiles.flatMap(({ path, room, imports }) =>
  imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ path, room, target: resolveImport(path, specifier) })),
);
const packages = sourceFiles.flatMap(({ path, room, imports }) =>
  imports.filter((specifier) => !specifier.startsWith('.')).map((specifier) => ({ path, room, specifier })),
);

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

test('every file of src is in a folder that mayImport lists', () => {
  const strangers = sourceFiles.filter(({ room }) => !(room in mayImport)).map(({ path }) => path);
  expect(strangers).toEqual([]);
});

test('folders import only what mayImport allows, types and import() included', () => {
  const wrong = relative
    .filter(({ target }) => target !== 'package.json' && !target.startsWith('dist/'))
    .filter(({ room, target }) => roomOf(target) !== room && !mayImport[room]?.includes(roomOf(target)))
    .map(({ path, target }) => `${path} imports ${target}`);
  expect(wrong).toEqual([]);
});

test('every import names an existing file with its extension', () => {
  const missing = relative
    // The build creates dist/.
    .filter(({ target }) => !target.startsWith('dist/'))
    .filter(({ target }) => !existsSync(join(root, target)) || !/\.\w+$/.test(target))
    .map(({ path, target }) => `${path} imports ${target}`);
  expect(missing).toEqual([]);
});

test('packages are imported only where packageUsers allows', () => {
  const wrong = packages
    .filter(({ specifier }) => !isBuiltin(specifier))
    .filter(({ path, room, specifier }) => {
      const users = packageUsers[packageOf(specifier)] ?? [];
      return !users.includes(room) && !users.includes(path);
    })
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
  expect(wrong).toEqual([]);
});

test('modules of Node are imported with node:', () => {
  const bare = packages
    .filter(({ specifier }) => isBuiltin(specifier) && !specifier.startsWith('node:'))
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
  expect(bare).toEqual([]);
});

test('protocol, text and session import no modules of Node for I/O', () => {
  const wrong = packages
    .filter(({ room, specifier }) => isBuiltin(specifier) && builtinsOf[room]?.includes(specifier) === false)
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
  expect(wrong).toEqual([]);
});

test('self-check: each folder imports a file, and each listed package is used', () => {
  expect(sourceFiles.length).toBeGreaterThan(80);
  for (const room of ['cli', 'client', 'config', 'mcp', 'relay', 'runner', 'session', 'store', 'terminal']) {
    expect(
      relative.some((found) => found.room === room),
      room,
    ).toBe(true);
  }
  const used = ['commander', 'conf', 'chalk', 'ora', 'undici', 'pino', 'zod'];
  for (const name of used) {
    expect(
      packages.some(({ specifier }) => packageOf(specifier) === name),
      name,
    ).toBe(true);
  }
});

describe('readFacts() finds the import in:', () => {
  test.each([
    ["import { a } from './a.ts'", './a.ts'],
    ["import './a.ts'", './a.ts'],
    ["import type { A } from './a.ts'", './a.ts'],
    ["import { type A } from './a.ts'", './a.ts'],
    ["import type * as a from './a.ts'", './a.ts'],
    ["export { a } from './a.ts'", './a.ts'],
    ["export type { A } from './a.ts'", './a.ts'],
    ["export * from './a.ts'", './a.ts'],
    ["const a = await import('./a.ts')", './a.ts'],
    ["function f() { return import('./a.ts').then((x) => x) }", './a.ts'],
    ["type A = import('./a.ts').A", './a.ts'],
    ["let a: typeof import('./a.ts')", './a.ts'],
    ["import a = require('./a.ts')", './a.ts'],
    ["const a = require('./a.ts')", './a.ts'],
    ["const a = new URL('./a.sh', import.meta.url)", './a.sh'],
    ['const a = await import(name)', 'something computed'],
  ])('%s', (code, expected) => {
    expect(readFacts(code).imports).toEqual([expected]);
  });

  test('readFacts() finds no import in strings, comments, plain exports and absolute URLs', () => {
    const code = `export const a = "import('./a.ts')"; // import './b.ts'\nexport { a as b }; new URL('http://x')`;
    expect(readFacts(code).imports).toEqual([]);
  });
});
