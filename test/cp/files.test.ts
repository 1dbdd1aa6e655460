import { chmod, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Site, startSite, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { hashFile, kibi, makeBytes, mebi, writeSeededFile } from './seeded-file.ts';

// Single files, each way: bytes, mode, time, and what is printed.

let relay: Relay;
let site: Site;
beforeAll(async () => {
  relay = await startRelay();
  site = await startSite(relay);
  return async () => {
    await site.stop();
    await relay.stop();
  };
});

const sizes = [0, 1, 64 * kibi, mebi - 1, mebi, 5 * mebi + 1];

describe('bytes', () => {
  test.each(sizes)('%d random bytes up: the same bytes, verified, nothing beside them', async (size) => {
    const { here, there } = await site.makePair();
    const sha256 = await writeSeededFile(join(here, 'data'), size, `up ${size}`);
    const report = await site.cpWell([join(here, 'data'), `:${there}/copy`]);
    expect(report).toMatchObject({ files: 1, bytes: size, sha256, verified: true, resumed_bytes: 0 });
    expect(report.seconds).toBeGreaterThanOrEqual(0);
    expect(await hashFile(join(there, 'copy'))).toBe(sha256);
    expect(await listTree(there)).toHaveLength(1);
    expect(await site.listSpool()).toEqual([]);
  });

  test.each(sizes)('%d random bytes down: the same bytes, verified, nothing beside them', async (size) => {
    const { here, there } = await site.makePair();
    const sha256 = await writeSeededFile(join(there, 'data'), size, `down ${size}`);
    const report = await site.cpWell([`:${there}/data`, join(here, 'copy')]);
    expect(report).toMatchObject({ files: 1, bytes: size, sha256, verified: true, resumed_bytes: 0 });
    expect(await hashFile(join(here, 'copy'))).toBe(sha256);
    expect(await listTree(here)).toHaveLength(1);
    expect(await site.listSpool()).toEqual([]);
  });

  test.each([
    ['every byte value', Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256))],
    ['bytes that look like the end of a here-document', 'EOF\n\nEOF\nREMOTIFY\n.\n\u0004'],
    ['line ends of all kinds, and none at the end', '\r\n\n\r\0\n\n'],
    ['a legacy marker', '[remotify: exit status 9]\n'],
    ['base64 words', `${makeBytes(999).toString('base64')}\n====\n`],
    ['1 MiB of nothing', Buffer.alloc(mebi)],
  ])('%s, up and down again: the same', async (_title, bytes) => {
    const { here, there } = await site.makePair();
    await writeFiles(here, { data: bytes });
    await site.cpWell([join(here, 'data'), `:${there}/data`]);
    expect(Buffer.from(bytes).equals(await readFile(join(there, 'data')))).toBe(true);
    await site.cpWell([`:${there}/data`, join(here, 'back')]);
    expect(Buffer.from(bytes).equals(await readFile(join(here, 'back')))).toBe(true);
  });
});

describe('modes and times', () => {
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);

  test.each([
    ['600', '600'],
    ['755', '755'],
    ['400', '400'],
    // As cp: what the umask of the writing side takes away is gone.
    ['666', '644'],
    ['777', '755'],
  ])('%s, umask 022, without -p: %s on both ways', async (mode, expected) => {
    const { here, there } = await site.makePair();
    await writeFile(join(here, 'data'), 'x');
    await chmod(join(here, 'data'), Number.parseInt(mode, 8));
    await site.cpWell([join(here, 'data'), `:${there}/data`]);
    expect(await modeOf(join(there, 'data'))).toBe(expected);
    await chmod(join(there, 'data'), Number.parseInt(mode, 8));
    await site.cpWell([`:${there}/data`, join(here, 'back')]);
    expect(await modeOf(join(here, 'back'))).toBe(expected);
  });

  test.each(['600', '755', '400', '666', '777'])('%s with -p: mode and mtime are kept', async (mode) => {
    const { here, there } = await site.makePair();
    const then = new Date('2001-09-09T01:46:40Z');
    await writeFile(join(here, 'data'), 'x');
    await chmod(join(here, 'data'), Number.parseInt(mode, 8));
    await utimes(join(here, 'data'), then, then);
    await site.cpWell(['-p', join(here, 'data'), `:${there}/data`]);
    expect(await modeOf(join(there, 'data'))).toBe(mode);
    expect((await stat(join(there, 'data'))).mtime).toEqual(then);
    await site.cpWell(['-p', `:${there}/data`, join(here, 'back')]);
    expect(await modeOf(join(here, 'back'))).toBe(mode);
    expect((await stat(join(here, 'back'))).mtime).toEqual(then);
  });

  test('a file of before 1970 with -p: its mtime is kept', async () => {
    const { here, there } = await site.makePair();
    await writeFile(join(here, 'data'), 'x');
    const then = new Date('1969-07-20T20:17:40Z');
    await utimes(join(here, 'data'), then, then);
    await site.cpWell(['-p', join(here, 'data'), `:${there}/data`]);
    expect((await stat(join(there, 'data'))).mtime).toEqual(then);
  });
});

describe('paths of the remote', () => {
  test(':rel is below the folder where `remotify exec` runs, :~ below HOME', async () => {
    const { here } = await site.makePair();
    const home = (await site.run(['exec', 'mkdir -p ~/sub; printf %s ~'])).text;
    const cwd = (await site.run(['exec', 'pwd'])).text.trimEnd();
    await writeFiles(here, { data: 'in my home' });
    await site.cpWell([join(here, 'data'), ':~/sub/one']);
    expect(await readFile(join(home, 'sub/one'), 'utf8')).toBe('in my home');
    await site.cpWell([join(here, 'data'), ':~']);
    expect(await readFile(join(home, 'data'), 'utf8')).toBe('in my home');
    await site.cpWell([':~/sub/one', join(here, 'back')]);
    expect(await readFile(join(here, 'back'), 'utf8')).toBe('in my home');
    const name = `remotify-cp-test-${process.pid}`;
    onTestFinished(async () => void (await site.run(['exec', `rm -f '${name}'`])));
    await site.cpWell([join(here, 'data'), `:${name}`]);
    expect(await readFile(join(cwd, name), 'utf8')).toBe('in my home');
  });

  test('a local file with a colon in its name is local', async () => {
    const { here, there } = await site.makePair();
    await writeFiles(here, { 'a:b': 'colon' });
    await site.cpWell([join(here, 'a:b'), `:${there}`]);
    expect(await readFile(join(there, 'a:b'), 'utf8')).toBe('colon');
  });
});

describe('what is printed', () => {
  test('off a terminal: nothing on stdout, words without control bytes on stderr', async () => {
    const { here, there } = await site.makePair();
    await writeSeededFile(join(here, 'data'), 3 * mebi);
    const { exitCode, text, stderr } = await site.cp([join(here, 'data'), `:${there}`]);
    expect([exitCode, text]).toEqual([0, '']);
    expect(stderr).not.toMatch(/[^\n\x20-\x7e…]/);
    expect(stderr.split('\n').every((line) => line === '' || line.startsWith('remotify: '))).toBe(true);
  });

  test('-q: nothing at all, up and down', async () => {
    const { here, there } = await site.makePair();
    await writeFiles(here, { data: 'x' });
    const up = await site.cp(['-q', join(here, 'data'), `:${there}`]);
    expect(up).toMatchObject({ exitCode: 0, text: '', stderr: '' });
    const down = await site.cp(['-q', `:${there}/data`, join(here, 'back')]);
    expect(down).toMatchObject({ exitCode: 0, text: '', stderr: '' });
  });

  test('--json: one object of these fields, nothing else', async () => {
    const { here, there } = await site.makePair();
    await writeFiles(here, { a: 'aaa', b: 'bb' });
    const { text } = await site.cp(['--json', join(here, 'a'), join(here, 'b'), `:${there}`]);
    expect(JSON.parse(text)).toMatchObject({ files: 2, bytes: 5, verified: true, resumed_bytes: 0 });
  });

  test('--json of a failure: one object with code, message and hint', async () => {
    const { here } = await site.makePair();
    const { exitCode, text } = await site.cp(['--json', `:${here}/nothing-there`, here]);
    expect(exitCode).toBe(1);
    const { error } = JSON.parse(text) as { error: { code: string; message: string; hint: string } };
    expect(error).toMatchObject({ code: expect.any(String), hint: expect.any(String) });
    expect(error.message).toContain('nothing-there');
  });
});

test('-s NAME: the session that is named, not the current one', async () => {
  const { here, there } = await site.makePair();
  await writeFiles(here, { data: 'x' });
  await site.run(['new', '--name', 'other']);
  onTestFinished(async () => void (await site.run(['end', 'other'])));
  const cut = await site.cp(['-s', 'other', join(here, 'data'), `:${there}`], {
    env: { REMOTIFY_WAIT: '0' },
  });
  expect(cut.exitCode).toBe(255);
  await mkdir(join(there, 'sub'));
  await site.cpWell(['-s', 'session-1', join(here, 'data'), `:${there}/sub`]);
  expect(await listTree(there)).toEqual(['sub folder', expect.stringMatching(/^sub\/data 1 bytes/)]);
});
