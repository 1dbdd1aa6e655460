import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { expectFileError, startSite, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { type Entry, renderArchive } from './tar-archive.ts';
import { addFake } from './tools.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A remote whose tools lie: cp writes nothing outside the target, reports no wrong file as complete, and always ends.

const relay = useRelay();

/** A listener with the fakes before the real tools on PATH; `tree` on the remote holds a real file and folder. */
async function setUp(fakes: Record<string, string>) {
  const folder = await forTest(makeTemporaryFolder());
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  for (const [name, script] of Object.entries(fakes)) await addFake(bin, name, script);
  const PATH = [bin, process.env['PATH']].join(delimiter);
  const site = await forTest(startSite(relay, { env: { PATH, FAKE: folder.path } }));
  const pair = await site.makePair();
  await mkdir(join(pair.there, 'tree/sub'), { recursive: true });
  await writeFiles(pair.there, { 'tree/file': 'honest', 'tree/sub/deep': 'honest too', victim: 'honest' });
  await mkdir(join(pair.here, 'in'));
  return { site, fake: folder.path, ...pair, target: join(pair.here, 'in') };
}

/** The fake lies only to a call that reads or names the tree: the listener itself needs these tools too. */
const ifAsked = (lie: string) => `
case "$*$PWD$(readlink /proc/self/fd/0)" in *tree*|*victim*) echo x >>"$FAKE/asked"; ${lie} ;; esac
exec "$REAL" "$@"`;

describe('an archive that leads out of the target', () => {
  const outside = '/tmp/remotify-cp-outside';
  const entries: [string, Entry[]][] = [
    ['a name with ..', [{ name: '../evil', bytes: 'x' }]],
    ['.. behind the folder', [{ name: 'tree/../../evil', bytes: 'x' }]],
    ['.. at the end', [{ name: 'tree/..', type: '5', mode: 0o777 }]],
    ['an absolute name', [{ name: outside, bytes: 'x' }]],
    [
      'a symlink, and a file through it',
      [
        { name: 'tree/door', type: '2', link: '../..' },
        { name: 'tree/door/evil', bytes: 'x' },
      ],
    ],
    [
      'an absolute symlink, and a file through it',
      [
        { name: 'tree/door', type: '2', link: '/tmp' },
        { name: 'tree/door/remotify-cp-outside', bytes: 'x' },
      ],
    ],
    [
      'a symlink of the top itself',
      [
        { name: 'tree', type: '2', link: '..' },
        { name: 'tree/evil', bytes: 'x' },
      ],
    ],
    [
      'a symlink, and a file of its name',
      [
        { name: 'tree/door', type: '2', link: '../../secret' },
        { name: 'tree/door', bytes: 'overwritten' },
      ],
    ],
    [
      'a folder that becomes a symlink',
      [
        { name: 'tree/sub', type: '5' },
        { name: 'tree/sub', type: '2', link: '../..' },
        { name: 'tree/sub/evil', bytes: 'x' },
      ],
    ],
    ['a hard link to a file outside', [{ name: 'tree/hard', type: '1', link: '../secret' }]],
    [
      'an absolute hard link, and bytes for it',
      [
        { name: 'tree/hard', type: '1', link: '/etc/hostname' },
        { name: 'tree/hard', bytes: 'overwritten' },
      ],
    ],
    ['a device', [{ name: 'tree/null', type: '3' }]],
    ['a fifo', [{ name: 'tree/fifo', type: '6' }]],
    ['another top folder', [{ name: 'elsewhere/file', bytes: 'x' }]],
    ['a backslash and a drive', [{ name: 'tree/..\\..\\evil', bytes: 'x' }]],
    ['a name with a NUL behind it', [{ name: 'tree/ok\0/../../evil', bytes: 'x' }]],
    ['set-user-id', [{ name: 'tree/suid', bytes: 'x', mode: 0o6777 }]],
  ];

  // The short form tests one entry of each kind.
  const short = ['a name with ..', 'an absolute name', 'a symlink, and a file through it', 'a device'];
  const tried = entries.filter(([title]) => isLong || short.includes(title));

  test.each(tried)('%s: nothing is written outside the target', async (_title, list) => {
    const { site, fake, here, there, target } = await setUp({
      tar: `echo x >>"$FAKE/asked"; exec cat "$FAKE/archive"`,
    });
    await writeFile(
      join(fake, 'archive'),
      renderArchive([{ name: 'tree', type: '5', mode: 0o755 }, ...list]),
    );
    await writeFiles(here, { secret: 'untouched' });
    const result = await site.cp(['-r', '-p', `:${there}/tree`, target]);
    expect((await readFile(join(fake, 'asked'), 'utf8')).length, 'tar was called').toBeGreaterThan(0);
    if (result.exitCode !== 0) expectFileError(result, /tree|evil|outside|elsewhere|secret|hostname/);
    // Nothing outside the target was created or changed.
    expect((await readdir(here)).toSorted()).toEqual(['in', 'secret']);
    expect(await readFile(join(here, 'secret'), 'utf8')).toBe('untouched');
    expect(await readdir('/tmp')).not.toContain('remotify-cp-outside');
    const tree = await listTree(target, { mode: true });
    for (const line of tree) {
      expect(line).toMatch(/^tree([ /]|$)/);
      expect(line).not.toMatch(/ special/);
      // No set-user-id bit that the remote chose.
      expect(line).not.toMatch(/ [2467]\d{3}$/);
    }
  });

  test('a link out of the target that existed before: only the right bytes go through it, if any', async () => {
    const { site, here, there, target } = await setUp({});
    await mkdir(join(here, 'outside'));
    await mkdir(join(target, 'tree'));
    await symlink('../../outside', join(target, 'tree/sub'));
    const result = await site.cp(['-r', `:${there}/tree`, target]);
    if (result.exitCode !== 0) expectFileError(result, /tree/);
    // cp itself would follow a link that its own user created; the test only checks that the bytes are right.
    for (const line of await listTree(join(here, 'outside'))) expect(line).toMatch(/^deep 10 bytes/);
  });
});

describe.skipIf(!isLong)('archives that are broken or do not end', () => {
  const lies: [string, string][] = [
    ['a size that is larger than the bytes that follow', 'exec cat "$FAKE/archive"'],
    ['no output', 'exit 0'],
    ['a tar that fails', 'echo "tar: no such thing" >&2; exit 2'],
    ['random bytes', 'exec head -c 100000 /dev/urandom'],
    ['endless random bytes', 'exec cat /dev/urandom'],
    ['endless zeros', 'exec cat /dev/zero'],
  ];
  test.each(lies)('%s: an error with the name, in time', { timeout: 90_000 }, async (_title, lie) => {
    const { site, fake, here, there, target } = await setUp({ tar: lie });
    const entries = [{ name: 'tree/file', bytes: 'short', size: 2 ** 40 }];
    await writeFile(join(fake, 'archive'), renderArchive(entries));
    const result = await site.cp(['-r', `:${there}/tree`, target], { deadlineMs: 60_000 });
    expectFileError(result, /tree/);
    expect(await readdir(here)).toEqual(['in']);
    for (const line of await listTree(target)) expect(line).not.toMatch(/^tree\/file .*bytes/);
  });

  test('an endless folder: Ctrl-C ends cp with 130', async () => {
    const { site, fake, here, there, target } = await setUp({
      tar: 'while cat "$FAKE/archive"; do :; done',
    });
    const entry = renderArchive([{ name: 'tree/file', bytes: 'x'.repeat(100_000) }]);
    await writeFile(join(fake, 'archive'), entry.subarray(0, -1024));
    const cp = site.start(['cp', '-r', `:${there}/tree`, target]);
    onTestFinished(() => void cp.child.kill('SIGKILL'));
    await waitForState(site, 'the command runs', ({ commands }) => commands[0]?.state === 'running');
    cp.child.kill('SIGINT');
    expect((await withDeadline(cp.closed, 30_000, 'cp ends')).code).toBe(130);
    expect(await readdir(here)).toEqual(['in']);
    await waitForState(site, 'the remote is free', ({ current }) => current === null);
  });
});

describe('tools that lie about a file', () => {
  // The listener needs neither of the two. The script tries openssl first.
  const noOpenssl = 'exit 1';
  const otherHash = 'a'.repeat(64);

  test.each([
    ['openssl', { openssl: `cat >/dev/null; echo 'SHA2-256(stdin)= ${otherHash}'` }],
    ['sha256sum', { openssl: noOpenssl, sha256sum: `cat >/dev/null; echo '${otherHash}  -'` }],
  ])('%s prints another hash: exit 1 with the name, up and down', async (_name, fakes) => {
    const { site, here, there, target } = await setUp(fakes);
    expectFileError(await site.cp([`:${there}/victim`, target]), /victim/);
    expect(await readdir(target)).toEqual([]);
    await writeFiles(here, { victim2: 'from here' });
    expectFileError(await site.cp([join(here, 'victim2'), `:${there}/victim2`]), /victim2/);
    expect(await readdir(there)).not.toContain('victim2');
  });

  const noHash = 'cat >/dev/null; echo "no hash today"';

  test.skipIf(!isLong).each([
    ['openssl', { openssl: noHash }],
    ['sha256sum', { openssl: noOpenssl, sha256sum: noHash }],
  ])('%s prints text that is not a hash: not reported as verified', async (_name, fakes) => {
    const { site, here, there, target } = await setUp(fakes);
    const down = await site.cp([`:${there}/victim`, target]);
    if (down.exitCode === 0) expect(down.stderr).toContain('not verified');
    else expectFileError(down, /victim/);
    await writeFiles(here, { victim2: 'from here' });
    const up = await site.cp([join(here, 'victim2'), `:${there}/victim2`]);
    if (up.exitCode === 0) expect(up.stderr).toContain('not verified');
    else expectFileError(up, /victim2/);
  });

  test.skipIf(!isLong).each([
    ['cat, tail, head and dd print other bytes', 'echo other bytes; exit 0'],
    ['cat, tail, head and dd print nothing', 'exit 0'],
    ['cat, tail, head and dd print without end', 'exec yes endless'],
    ['wc and stat print a huge number', 'echo 99999999999999999999; exit 0'],
    ['wc and stat print a negative number', 'echo -5; exit 0'],
    ['wc and stat print text', 'echo "$(printf "\\033[2J") 12 monkeys"; exit 0'],
  ])('%s: the right bytes, or an error with the name', { timeout: 60_000 }, async (title, lie) => {
    const names = title.startsWith('cat') ? ['cat', 'tail', 'head', 'dd'] : ['wc', 'stat'];
    const { site, here, there, target } = await setUp(
      Object.fromEntries(names.map((name) => [name, ifAsked(lie)])),
    );
    const result = await site.cp([`:${there}/victim`, target], { deadlineMs: 45_000 });
    if (result.exitCode === 0) expect(await readFile(join(target, 'victim'), 'utf8')).toBe('honest');
    else {
      expectFileError(result, /victim/);
      expect(await readdir(target)).toEqual([]);
    }
    expect(result.stderr).not.toMatch(/[^\n\x20-\x7e…]/);
    await writeFiles(here, { victim2: 'from here' });
    const up = await site.cp([join(here, 'victim2'), `:${there}/victim2`], { deadlineMs: 45_000 });
    const arrived = await readFile(join(there, 'victim2'), 'utf8').catch(() => 'nothing');
    expect([up.exitCode === 0 ? 'from here' : 'nothing', 'from here']).toContain(arrived);
  });

  test.skipIf(!isLong)('mv fails on the remote: the upload exits with 1 and the name', async () => {
    const { site, here, there } = await setUp({ mv: 'echo "mv: no" >&2; exit 1' });
    await writeFiles(here, { victim2: 'from here' });
    expectFileError(await site.cp([join(here, 'victim2'), `:${there}/victim2`]), /victim2/);
    expect(await readdir(there)).not.toContain('victim2');
  });
});
