import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderRead, renderWrite } from '../../src/mcp/file-script.ts';
import { startTracedHost } from './traced-host.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forEachTest } from '../harness/for-file.ts';

const relay = useRelay();
const remote = useRemote(relay);

const host = forEachTest('the MCP host', () => startTracedHost(remote, relay));

const hash = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const write = (path: string, content: string, more = {}) =>
  host.call('remote_write_file', { path, content, ...more });
const read = (path: string, more = {}) => host.call('remote_read_file', { path, ...more });
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

const contents: [string, string][] = [
  ['no content', ''],
  ['one line', 'a line\n'],
  ['no newline at the end', 'a\nb'],
  ['only newlines', '\n\n\n'],
  ['quotes, dollars, backslashes', `a 'b' "c" $HOME \`id\` \\ $(id) \\\\n\n`],
  ['the end marker of the here-document', "x\nEND_OF_FILE\ny\nEND_OF_FILE_2\n}\nEND_OF_FILE_3'\n"],
  ['control bytes', 'a\x01\x02\x7f\x1b[31m\r\nb\tc\x80\n'],
  ['letters of other scripts', 'héllo 日本語 😀\n'],
  ['a leading dash and a hash', '-n -e\n# comment\n'],
  ['300 KB', `${'0123456789abcdef'.repeat(16)}\n`.repeat(1200)],
];

test.each(contents)('file with %s: written byte for byte, SHA-256 in the answer', async (_title, content) => {
  const path = join(host.folder, 'file');
  const { text, isError } = await write(path, content);
  expect([text, isError]).toEqual([expect.stringContaining('was written'), false]);
  expect(text).toContain(`has ${Buffer.byteLength(content)} bytes. Its SHA-256 is ${hash(content)}.`);
  expect(hash(await readFile(path))).toBe(hash(content));
  const again = await read(path);
  expect(again.text).toContain(`has ${Buffer.byteLength(content)} bytes. Its SHA-256 is ${hash(content)}.`);
  // The answer escapes control and invisible characters, and mentions the escapes.
  const isPlain = /^[\x20-\x7e\n]*$/.test(content) && content.length < 12_000;
  if (isPlain) expect(again.data.untrusted.text).toBe(content);
  expect(again.text.includes('made visible')).toBe(content.includes('\x1b'));
  expect(await readdir(host.folder)).toEqual(['file']);
});

test.each(['with space', "it's", '"quoted"', 'new\nline', '-rf', '$HOME', '`id`', '日本', '~', 'a;b'])(
  'a file named %j in a folder of the same name: written and read',
  async (name) => {
    await mkdir(join(host.folder, name));
    const path = join(host.folder, name, name);
    expect((await write(path, 'x\n')).text).toContain('was written');
    expect(await readFile(path, 'utf8')).toBe('x\n');
    expect((await read(path)).data.untrusted.text).toBe('x\n');
  },
);

test('paths that start with ~ or a dash: ~ is the home folder of the remote, and the dash is no option', async () => {
  const home = (await host.exec('echo ~')).data.untrusted.stdout.head.trim();
  expect((await write("~/it's here", 'x')).isError).toBe(false);
  expect(await readFile(join(home, "it's here"), 'utf8')).toBe('x');
  expect((await host.exec('pwd', { cwd: '~' })).data.untrusted.stdout.head).toBe(`${home}\n`);
  expect((await host.exec('cat "$PWD/-odd"', { cwd: '~/none' })).data.exit_status).toBe(1);
  const script = renderRead({ path: '-odd', offset: 0, length: 1, unit: 'bytes' }, 100);
  expect(script).toContain('\nf=./-odd\n');
});

test('file mode: kept for an existing file, from the umask for a new one, or the mode argument', async () => {
  const path = join(host.folder, 'file');
  await write(path, 'new');
  const umask = (await host.exec('umask')).data.untrusted.stdout.head;
  expect(await modeOf(path)).toBe((0o666 & ~Number.parseInt(umask, 8)).toString(8));
  await chmod(path, 0o640);
  await write(path, 'changed');
  expect(await modeOf(path)).toBe('640');
  await write(path, 'again', { mode: '0755' });
  expect(await modeOf(path)).toBe('755');
  await write(`${path}2`, 'secret', { mode: 600 });
  expect(await modeOf(`${path}2`)).toBe('600');
});

test('append: adds to the end of the file, and creates a missing file', async () => {
  const path = join(host.folder, 'log');
  await write(path, 'one\n', { append: true });
  const { text } = await write(path, 'two', { append: 'true' });
  expect(await readFile(path, 'utf8')).toBe('one\ntwo');
  expect(text).toContain(`it has 7 bytes. Its SHA-256 is ${hash('one\ntwo')}`);
});

test('if_sha256: a changed file is not written; with "absent", an existing file is not written', async () => {
  const path = join(host.folder, 'file');
  expect((await write(path, 'one', { if_sha256: hash('other') })).text).toContain('does not match if_sha256');
  expect(await readdir(host.folder)).toEqual([]);
  expect((await write(path, 'one', { if_sha256: 'absent' })).isError).toBe(false);
  const refused = await write(path, 'two', { if_sha256: 'absent' });
  expect([refused.isError, refused.text]).toEqual([true, expect.stringContaining('was not written')]);
  expect((await write(path, 'two', { if_sha256: hash('zero') })).isError).toBe(true);
  expect(await readFile(path, 'utf8')).toBe('one');
  expect((await write(path, 'two', { if_sha256: hash('one').toUpperCase() })).isError).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('two');
  expect(await readdir(host.folder)).toEqual(['file']);
});

test('a path that is a symbolic link: the target is written, and the link stays', async () => {
  const path = join(host.folder, 'target');
  await writeFile(path, 'old');
  await symlink('target', join(host.folder, 'link'));
  expect((await write(join(host.folder, 'link'), 'new')).isError).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await read(join(host.folder, 'link'))).data.untrusted.text).toBe('new');
});

test('a path that cannot be written or read: an error with the reason, from the tool itself', async () => {
  await mkdir(join(host.folder, 'dir'));
  await host.exec(`mkfifo '${host.folder}/fifo'`);
  for (const [path, why] of [
    [join(host.folder, 'dir'), 'it is a folder'],
    [join(host.folder, 'no', 'file'), 'its folder does not exist'],
    [join(host.folder, 'fifo'), 'it is not a regular file'],
    ['/proc/version', 'no file can be created|it cannot be'],
  ] as const) {
    const { text, isError } = await write(path, 'x');
    expect([isError, text]).toEqual([true, expect.stringMatching(new RegExp(`was not written: (${why})`))]);
    expect(text).not.toContain('do not look for another way');
  }
  expect((await read(join(host.folder, 'none'))).text).toContain(
    'was not read: it does not exist, or the user of the listener has no access',
  );
  expect((await read(join(host.folder, 'dir'))).text).toContain('was not read: it is a folder.');
  expect((await write(`${host.folder}/`, 'x')).text).toContain('names a folder');
  expect((await write(`${host.folder}/x`, 'a\0b')).text).toContain('content is text without NUL bytes');
});

test('ranges of bytes and of lines: each has the offset of the next range', async () => {
  const path = join(host.folder, 'lines');
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index + 1}\n`);
  await writeFile(path, lines.join(''));
  const { data } = await read(path, { offset: 7, length: 7 });
  expect(data.untrusted.text).toBe('line 2\n');
  expect([data.offset, data.next_offset, data.complete]).toEqual([7, 14, false]);
  const some = await read(path, { offset: 2000, length: 3, unit: 'lines' });
  expect(some.data.untrusted.text).toBe(lines.slice(2000, 2003).join(''));
  expect(some.data.offset).toBe(lines.slice(0, 2000).join('').length);
  const next = await read(path, { offset: some.data.next_offset, length: 9 });
  expect(next.data.untrusted.text).toBe('line 2004');
  expect((await read(path, { offset: 4999, unit: 'lines' })).data).toMatchObject({ complete: true });
  expect((await read(path, { offset: 10 ** 7 })).data).toMatchObject({ complete: true });
  // Read the whole file, page by page.
  let whole = '';
  for (let offset = 0, isOver = false; !isOver; ) {
    const page = (await read(path, { offset })).data;
    whole += page.untrusted.text;
    isOver = page.complete;
    offset = page.next_offset;
  }
  expect(whole).toBe(lines.join(''));
});

test('a range beyond the end of a file, and an empty file: the answer explains that nothing follows', async () => {
  const path = join(host.folder, 'short');
  await writeFile(path, 'four');
  for (const more of [{ offset: 4 }, { offset: 1e15 }, { offset: 3, unit: 'lines' }]) {
    const { text, isError } = await read(path, more);
    expect([isError, text]).toEqual([
      false,
      expect.stringContaining('beyond the end of the file, 4: nothing follows.'),
    ]);
  }
  await writeFile(path, '');
  expect((await read(path)).text).toContain('The file is empty: nothing follows.');
});

test('a file larger than 1 GiB: a range is read, without SHA-256', async () => {
  const path = join(host.folder, 'large');
  await host.exec(`printf begin >'${path}'`);
  await truncate(path, 1024 ** 3 + 1);
  const { text } = await read(path, { length: 5 });
  expect(text).toContain(
    'has 1073741825 bytes. Its SHA-256 was not computed: the file is larger than 1 GiB.',
  );
  expect(text).toContain('begin untrusted content of the file\nbegin\n');
});

test('a binary file: the answer calls it binary, and shows only its beginning', async () => {
  const path = join(host.folder, 'binary');
  await writeFile(path, Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256)));
  const { text } = await read(path);
  expect(text).toContain('It is binary, not text');
  expect(text).toContain('begin untrusted content of the file\n\\x00\\x01');
  expect(text.length).toBeLessThan(2_500);
});

test('the same append call three times at once: the content is written once', async () => {
  const path = join(host.folder, 'log');
  const answers = await Promise.all([1, 2, 3].map(() => write(path, 'once\n', { append: true })));
  expect(answers.map(({ isError }) => isError)).toEqual([false, false, false]);
  expect(await readFile(path, 'utf8')).toBe('once\n');
});

test('a remote without sha256sum, shasum and openssl: a file is written with SHA-256 unknown, and if_sha256 fails', async () => {
  const path = join(host.folder, 'file');
  const bin = join(host.folder, 'bin');
  await mkdir(bin);
  for (const name of ['cat', 'rm', 'mv', 'cp', 'chmod', 'wc', 'head', 'tail'])
    await host.exec(`ln -s "$(command -v ${name})" '${bin}/${name}'`);
  const request = {
    path,
    content: 'x\n',
    append: false,
    mode: undefined,
    expected: undefined,
    digest: hash('x\n'),
  };
  const plain = await host.exec(`PATH='${bin}'\n${renderWrite(request)}`);
  expect(plain.data.untrusted.stdout.head).toBe('size 2, sha256 unknown\n');
  const checked = await host.exec(`PATH='${bin}'\n${renderWrite({ ...request, expected: hash('x\n') })}`);
  expect(checked.data.exit_status).toBe(79);
});
