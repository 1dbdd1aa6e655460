/** Tables of the documents against the code, both ways: nothing is missing in a table, and nothing is in it that the code does not have. */
import { describe, expect, test } from 'vitest';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { resolveServe } from '../../src/config/resolve-serve.ts';
import { mcpHosts } from '../../src/cli/mcp-config.ts';
import { tools } from '../../src/mcp/tool-list.ts';
import { refusals } from '../../src/protocol/errors.ts';
import { routes } from '../../src/protocol/routes.ts';
import { listSourceFiles, readSource } from '../design/source-files.ts';
import { codesIn, read, readTable } from './markdown.ts';

const compare = (a: string, b: string): number => (a < b ? -1 : 1);

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted(compare);

describe('docs/protocol.md', () => {
  test('names every refusal with its status, and no other', () => {
    const code = Object.entries(refusals).map(([name, { status }]) => `\`${name}\`,${status}`);
    expect(sorted(readTable('docs/protocol.md', 'refusals').map(String))).toEqual(sorted(code));
  });

  test('names every route with its methods and who may use it, and no other', () => {
    const code = Object.values(routes).map(({ path, methods }) => {
      const access = Object.values(methods);
      const isOne = new Set(access).size === 1;
      return `\`${path}\`,${Object.keys(methods).join(' ')},${isOne ? access[0] : access.join(' ')}`;
    });
    expect(sorted(readTable('docs/protocol.md', 'routes').map(String))).toEqual(sorted(code));
  });
});

describe('docs/relay.md, the flags and variables of serve', () => {
  const rows = readTable('docs/relay.md', 'serve');

  test('docs/relay.md lists every flag of serve, and no other', async () => {
    const program = await buildWholeProgram('0.0.0');
    const serve = program.commands.find((command) => command.name() === 'serve');
    const own = (serve?.options ?? []).filter(
      ({ long }) => !program.options.some((option) => option.long === long),
    );
    expect(sorted(rows.flatMap(([flags]) => codesIn(flags)))).toEqual(
      sorted(own.map(({ long }) => long ?? '')),
    );
  });

  test('docs/relay.md lists every variable in the help of serve', async () => {
    const program = await buildWholeProgram('0.0.0');
    const help = program.commands.find((command) => command.name() === 'serve')?.helpInformation() ?? '';
    const named = [...help.matchAll(/\b(?:REMOTIFY|[A-Z]+)_[A-Z_]+\b/g)].map(([name]) => name);
    const listed = new Set(rows.flatMap(([, variables]) => codesIn(variables)));
    const common = ['REMOTIFY_URL', 'REMOTIFY_KEY', 'REMOTIFY_KEY_FILE', 'REMOTIFY_CONFIG_DIR', 'NO_COLOR'];
    expect(named.filter((name) => !listed.has(name) && !common.includes(name))).toEqual([]);
  });

  test.each(
    Object.entries({
      '--host': 'host',
      '--port': 'port',
      '--durability': 'durability',
    } as const),
  )('the default of %s is the one that it names', (flag, name) => {
    const [, , text = ''] = rows.find(([flags]) => codesIn(flags).includes(flag)) ?? [];
    expect(codesIn(text)).toContain(String(resolveServe({}, {})[name]));
  });

  test('docs/relay.md names the real defaults of sizes, times and counts', () => {
    const cells = (flag: string): string[] =>
      codesIn(rows.find(([flags]) => codesIn(flags).includes(flag))?.[2] ?? '');
    const { ttlMs, longPollMs, maxBodyBytes, heldPolls, quotas, rateLimit } = resolveServe({}, {});
    const memory = resolveServe({ store: 'memory:' }, {}).quotas;
    const gib = 1024 ** 3;
    expect(cells('--session-ttl')[0]).toBe(`${ttlMs / 3_600_000}h`);
    expect(cells('--long-poll')[0]).toBe(`${longPollMs / 1000}s`);
    expect(cells('--max-body-size')[0]).toBe(`${maxBodyBytes / 1024 ** 2}m`);
    expect(cells('--max-held-polls')).toEqual(
      [heldPolls.total, heldPolls.perAddress, heldPolls.perSession].map(String),
    );
    expect(cells('--max-sessions-per-address')[0]).toBe(String(quotas.sessionsPerAddress));
    expect(cells('--session-quota').slice(0, 4)).toEqual([
      `${quotas.bytesPerSession / gib}g`,
      `${quotas.bytesPerAddress / gib}g`,
      `${memory.bytesPerSession / 1024 ** 2}m`,
      `${memory.bytesPerAddress / gib}g`,
    ]);
    expect(cells('--rate-limit').slice(0, 2)).toEqual([
      `${rateLimit?.count}r/${rateLimit?.perSeconds === 60 ? 'm' : 's'}`,
      String(rateLimit?.burst),
    ]);
  });
});

describe('docs/variables.md', () => {
  const listed = sorted(
    ['client variables', 'relay variables', 'listener variables']
      .flatMap((name) =>
        readTable('docs/variables.md', name).flatMap((cells, _row) => cells.flatMap(codesIn)),
      )
      .filter((name) => /^[A-Z][A-Z_]*[A-Z]$|_proxy$/.test(name)),
  );
  const code = listSourceFiles()
    .filter((path) => /^src\/(?:cli|config|terminal)\/.*\.ts$|^src\/runner\/.*\.sh$/.test(path))
    .map((path) => (path.endsWith('unread-variables.ts') ? '' : readSource(path)));

  test('the code reads each variable in docs/variables.md', () => {
    const unknown = listed.filter((name) => !code.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
    // Of Node and of curl themselves.
    const others = ['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE'];
    expect(unknown.filter((name) => !others.includes(name))).toEqual([]);
  });

  test('docs/variables.md lists each variable that the code reads', () => {
    const reads = code.flatMap((text) => [
      ...[...text.matchAll(/readVariable\(\s*\w+(?:\.\w+)*,\s*'([A-Za-z_]+)'/g)].map(([, name = '']) => name),
      ...[
        ...text.matchAll(/'(REMOTIFY_[A-Z_]+|LONGPOLL_MS|[A-Z]+(?:_[A-Z]+)*_(?:SIZE|TTL|LOG|LIMIT|BURST))'/g),
      ].map(([, name = '']) => name),
    ]);
    // Of the system, and what the relay writes into the script of a listener.
    const others = ['HOME', 'PATH', 'TMUX', 'REQUEST_METHOD', 'REMOTIFY_LISTENER_KEY', 'REMOTIFY_MODE'];
    expect(sorted(reads).filter((name) => !listed.includes(name) && !others.includes(name))).toEqual([]);
  });
});

test('docs/exec.md lists every exit status, and no other', () => {
  const listed = readTable('docs/exec.md', 'exit statuses').map(([status]) => codesIn(status)[0] ?? '');
  expect(sorted(listed)).toEqual(sorted(Object.values(exitCodes).map(String)));
});

test('docs/mcp.md lists every host, and no other', () => {
  const text = readTable('docs/mcp.md', 'hosts').map(
    ([, how]) => /mcp config ([a-z-]+)/.exec(how ?? '')?.[1] ?? '',
  );
  expect(sorted(text)).toEqual(sorted(mcpHosts));
});

test('docs/mcp.md lists every tool, and no other', () => {
  const listed = readTable('docs/mcp.md', 'tools').flatMap(([tool]) => codesIn(tool));
  expect(sorted(listed)).toEqual(sorted(tools.map(({ name }) => name)));
});

test('the README has the two commands that CI runs', () => {
  const text = read('README.md');
  expect(text).toContain('<!-- demo -->\n```sh\nnpm ci && npm run demo\n```\n');
  expect(text).toContain('<!-- test -->\n```sh\nnpm ci && npm test\n```\n');
});

test('the README names every command', async () => {
  const program = await buildWholeProgram('0.0.0');
  const text = read('README.md') + read('docs/reference.md');
  for (const command of program.commands)
    expect(text, command.name()).toContain(`remotify ${command.name()}`);
});
