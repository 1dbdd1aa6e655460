import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readFacts, resolveImport, roomOf, sourceFiles } from './source-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What each room may import of the others. */
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
  cli: ['relay', 'runner', 'client', 'config', 'terminal', 'mcp', 'protocol', 'text'],
};

/** Who may import a package: a room, or one file. */
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
  'rate-limiter-flexible': ['store'],
  pino: ['src/relay/json-lines.ts'],
  ioredis: ['src/store/redis-client.ts', 'src/store/redis-connection.ts', 'src/store/redis-subscriber.ts'],
  '@modelcontextprotocol/server': ['mcp'],
  'tar-stream': ['src/cli/cp/unpack-tar.ts', 'src/cli/cp/tar-watch.ts', 'src/cli/cp/tar-stream.d.ts'],
  zod: ['mcp'],
};

/** Rooms without I/O: what they may take from Node all the same. */
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

test('every file of src is in a room that the table knows', () => {
  const strangers = sourceFiles.filter(({ room }) => !(room in mayImport)).map(({ path }) => path);
  expect(strangers).toEqual([]);
});

test('rooms import what the table lets them, types and import() included', () => {
  const wrong = relative
    .filter(({ target }) => target !== 'package.json' && !target.startsWith('dist/'))
    .filter(({ room, target }) => roomOf(target) !== room && !mayImport[room]?.includes(roomOf(target)))
    .map(({ path, target }) => `${path} imports ${target}`);
  expect(wrong).toEqual([]);
});

test('what is imported is there, with its extension', () => {
  const missing = relative
    // What the build makes.
    .filter(({ target }) => !target.startsWith('dist/'))
    .filter(({ target }) => !existsSync(join(root, target)) || !/\.\w+$/.test(target))
    .map(({ path, target }) => `${path} imports ${target}`);
  expect(missing).toEqual([]);
});

test('packages are imported where the table says, and no others are', () => {
  const wrong = packages
    .filter(({ specifier }) => !isBuiltin(specifier))
    .filter(({ path, room, specifier }) => {
      const users = packageUsers[packageOf(specifier)] ?? [];
      return !users.includes(room) && !users.includes(path);
    })
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
  expect(wrong).toEqual([]);
});

test("Node's own modules are named as such", () => {
  const bare = packages
    .filter(({ specifier }) => isBuiltin(specifier) && !specifier.startsWith('node:'))
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
  expect(bare).toEqual([]);
});

test('protocol and session do no I/O', () => {
  const wrong = packages
    .filter(({ room, specifier }) => isBuiltin(specifier) && builtinsOf[room]?.includes(specifier) === false)
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
  expect(wrong).toEqual([]);
});

test('the table is not of another project: each room imports something', () => {
  expect(sourceFiles.length).toBeGreaterThan(80);
  for (const room of ['cli', 'client', 'config', 'mcp', 'relay', 'runner', 'session', 'store', 'terminal']) {
    expect(
      relative.some((found) => found.room === room),
      room,
    ).toBe(true);
  }
  const used = ['commander', 'conf', 'chalk', 'ora', 'undici', 'rate-limiter-flexible', 'pino', 'zod'];
  for (const name of used) {
    expect(
      packages.some(({ specifier }) => packageOf(specifier) === name),
      name,
    ).toBe(true);
  }
});

describe('no way of importing goes unseen:', () => {
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

  test('and what is no import is none', () => {
    const code = `export const a = "import('./a.ts')"; // import './b.ts'\nexport { a as b }; new URL('http://x')`;
    expect(readFacts(code).imports).toEqual([]);
  });
});
