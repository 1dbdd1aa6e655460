/** The package as npm packs it, installed into an empty prefix, on every version of Node that it supports. Needs the registry. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const majors = [20, 22, 24, 26];

/**
 * KiB: what the registry serves, and what each install downloads. More than half of it are the bundled packages, first of all the MCP SDK, undici
 * and ioredis. The script of the listener is packed with its comments, for the operator who reads what will run.
 */
const maxPackedKiB = 495;

let folder: TemporaryFolder;
let prefix: string;
let tarball: string;
let installed: string;

const npm = (args: string[], cwd: string): string =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd,
    encoding: 'utf8',
    timeout: 180_000,
    env: { ...process.env, HOME: folder.path, npm_config_cache: join(folder.path, 'cache') },
  });

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const packed = npm(['pack', '--json', '--pack-destination', folder.path], root);
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }];
  tarball = join(folder.path, filename);
  prefix = join(folder.path, 'prefix');
  await mkdir(prefix);
  npm(['install', '--global', '--prefix', prefix, tarball], folder.path);
  installed = join(prefix, 'lib/node_modules/remotify');
}, 300_000);

afterAll(() => folder.remove());

async function run(node: string, words: string[], deadlineMs = 20_000): Promise<string> {
  const env = cleanEnvironment(folder.path, { XDG_CACHE_HOME: join(folder.path, 'xdg-cache') });
  const program = spawnCaptured(node, words, { env });
  onTestFinished(() => void program.child.kill('SIGKILL'));
  const { code } = await withDeadline(program.closed, deadlineMs, words.join(' '));
  expect(code, program.stderr()).toBe(0);
  return program.stdout().toString('utf8');
}

describe('the package', () => {
  test(`is at most ${maxPackedKiB} KiB`, () => {
    expect(statSync(tarball).size / 1024).toBeLessThanOrEqual(maxPackedKiB);
  });

  test('has no dependencies and no scripts that run at its installation', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      dependencies?: object;
      scripts?: Record<string, string>;
    };
    expect(manifest.dependencies ?? {}).toEqual({});
    const names = Object.keys(manifest.scripts ?? {});
    expect(names.filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
    expect(existsSync(join(installed, 'node_modules'))).toBe(false);
  });

  test('npm installs one man page for each command', () => {
    const pages = readdirSync(join(prefix, 'share/man/man1'));
    expect(pages).toContain('remotify.1');
    expect(pages).toContain('remotify-exec.1');
  });

  test('the package contains no sources, no tests and no files that only the repository needs', () => {
    const names = readdirSync(installed);
    expect(names).not.toContain('src');
    expect(names).not.toContain('test');
  });
});

/** The program of a version of Node, from npm's own packages of it. */
async function installNode(major: number): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const at = join(folder.path, `node-${major}`);
  await mkdir(at);
  await writeFile(join(at, 'package.json'), '{}');
  npm(['install', '--ignore-scripts', `${name}@${major}`], at);
  return join(at, 'node_modules', name, 'bin/node');
}

describe.each(majors)('on Node %d', (major) => {
  let node: string;
  const remotify = (...words: string[]): string[] => [join(prefix, 'bin/remotify'), ...words];

  beforeAll(async () => {
    node = await installNode(major);
  }, 200_000);

  test('node --version prints the expected version', async () => {
    expect(await run(node, ['--version'])).toMatch(new RegExp(`^v${major}\\.`));
  });

  test('a relay, a listener, exec and its exit status', async () => {
    const env = cleanEnvironment(join(folder.path, `home-${major}`), { TMPDIR: folder.path });
    const relay = spawnCaptured(node, remotify('serve', '--port', '0', '--store', 'memory:', '--json'), {
      env,
    });
    onTestFinished(() => void relay.child.kill('SIGKILL'));
    const url = await eventually('the relay listens', 15_000, () => {
      const { url: found } = JSON.parse(relay.stdout().toString()) as { url: string };
      return found;
    });
    const client = { ...env, REMOTIFY_URL: url };
    const made = spawnCaptured(node, remotify('new', '--auto', '--no-wait'), { env: client });
    await withDeadline(made.closed, 15_000, 'new');
    const listener = spawnCaptured('bash', ['-c', made.stdout().toString()], { env, detached: true });
    onTestFinished(() => {
      if (listener.isRunning()) process.kill(-listener.pid, 'SIGKILL');
    });
    const exec = spawnCaptured(node, remotify('exec', 'echo out; echo err >&2; exit 7'), { env: client });
    const { code } = await withDeadline(exec.closed, 20_000, 'exec');
    expect([code, exec.stdout().toString(), exec.stderr()]).toEqual([7, 'out\n', 'err\n']);
    const end = spawnCaptured(node, remotify('end'), { env: client });
    expect((await withDeadline(end.closed, 15_000, 'end')).code).toBe(0);
    await withDeadline(listener.exited, 15_000, 'the listener ends with its session');
    relay.child.kill('SIGTERM');
    expect((await withDeadline(relay.closed, 15_000, 'the relay ends')).code).toBe(0);
  }, 60_000);

  test('`import … from "remotify"`', async () => {
    const at = join(folder.path, `library-${major}`);
    await mkdir(join(at, 'node_modules'), { recursive: true });
    await writeFile(join(at, 'package.json'), '{"type":"module"}');
    npm(['install', tarball], at);
    const program = `import { createRelay, openHttp, RelayClient } from 'remotify';
const relay = await createRelay();
const http = openHttp(await relay.listen());
const session = await new RelayClient(http).createSession();
console.log(session.key.length);
await http.close();
await relay.close();
`;
    await writeFile(join(at, 'program.js'), program);
    expect(await run(node, [join(at, 'program.js')])).toBe('32\n');
  }, 120_000);
});

test.each(['nodenext', 'bundler'])(
  'the types, with moduleResolution %s',
  async (resolution) => {
    const at = join(folder.path, `types-${resolution}`);
    await mkdir(at);
    await writeFile(join(at, 'package.json'), '{"type":"module"}');
    npm(['install', tarball], at);
    const program = `import { createRelay, followCommand, openHttp, RelayClient, RelayError } from 'remotify';
const relay = await createRelay({ port: 0, sessionTtl: '1h' });
const url: string = await relay.listen();
const client = new RelayClient(openHttp(url), 'key');
const { id } = await client.pushCommand(new Uint8Array(), { idempotencyKey: 'a' });
const end = await followCommand(client, id, { stdout: 0, stderr: 0 }, {
  onStdout: async (bytes) => void bytes.byteLength,
  onStderr: async () => undefined,
});
const status: number | null = end.exitStatus;
// @ts-expect-error: there is no such setting
await createRelay({ prot: 1 });
console.log(status, RelayError.name);
`;
    await writeFile(join(at, 'program.ts'), program);
    const words = ['--noEmit', '--strict', '--target', 'es2022', '--skipLibCheck', 'false'];
    const module = resolution === 'nodenext' ? ['--module', 'nodenext'] : ['--module', 'esnext'];
    const how = [...words, ...module, '--moduleResolution', resolution, '--types', '', 'program.ts'];
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const compile = spawnCaptured(
      'bash',
      ['-c', 'cd "$0" && exec "$@"', at, process.execPath, compiler, ...how],
      {
        env: cleanEnvironment(folder.path),
      },
    );
    const { code } = await withDeadline(compile.closed, 60_000, 'tsc');
    expect(code, compile.stdout().toString()).toBe(0);
  },
  120_000,
);
