import { chmod, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { startSiteWithRelay, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { hashFile, kibi, makeBytes, mebi, writeSeededFile } from './seeded-file.ts';
import { forFile } from '../harness/for-file.ts';

// cp of single files in both directions: bytes, mode, time, and output.

const site = forFile('the site', startSiteWithRelay);

const sizes = isLong ? [0, 1, 64 * kibi, mebi - 1, mebi, 5 * mebi + 1] : [0, 1, mebi, 5 * mebi + 1];

describe('bytes', () => {
  test.each(sizes)('%d random bytes up: the same bytes, verified, no other file left', async (size) => {
    const { here, there } = await site.makePair();
    const sha256 = await writeSeededFile(join(here, 'data'), size, `up ${size}`);
    const report = await site.cpWell([join(here, 'data'), `:${there}/copy`]);
    expect(report).toMatchObject({ files: 1, bytes: size, sha256, verified: true, resumed_bytes: 0 });
    expect(report.seconds).toBeGreaterThanOrEqual(0);
    expect(await hashFile(join(there, 'copy'))).toBe(sha256);
    expect(await listTree(there)).toHaveLength(1);
    expect(await site.listSpool()).toEqual([]);
  });

  test.each(sizes)('%d random bytes down: the same bytes, verified, no other file left', async (size) => {
    const { here, there } = await site.makePair();
    const sha256 = await writeSeededFile(join(there, 'data'), size, `down ${size}`);
    const report = await site.cpWell([`:${there}/data`, join(here, 'copy')]);
    expect(report).toMatchObject({ files: 1, bytes: size, sha256, verified: true, resumed_bytes: 0 });
    expect(await hashFile(join(here, 'copy'))).toBe(sha256);
    expect(await listTree(here)).toHaveLength(1);
    expect(await site.listSpool()).toEqual([]);
  });

  test('bytes that may break a shell, a line or a marker, up and down again: unchanged', async () => {
    const { here, there } = await site.makePair();
    const files: Record<string, string | Uint8Array> = {
      'every byte': Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256)),
      'end of a here-document': 'EOF\n\nEOF\nREMOTIFY\n.\n\u0004',
      'line ends': '\r\n\n\r\0\n\n',
      marker: '[remotify: exit status 9]\n',
      'status line': 'remotify-cp failed\nremotify-cp verified\n',
      base64: `${makeBytes(999).toString('base64')}\n====\n`,
      nothing: Buffer.alloc(mebi),
    };
    await writeFiles(here, files);
    const names = Object.keys(files);
    await site.cpWell([...names.map((name) => join(here, name)), `:${there}`]);
    expect(await listTree(there)).toEqual(await listTree(here));
    await mkdir(join(here, 'back'));
    await site.cpWell([...names.map((name) => `:${there}/${name}`), join(here, 'back')]);
    expect(await listTree(join(here, 'back'))).toEqual(await listTree(there));
  });
});

describe('modes and times', () => {
  const modes = ['600', '755', '400', '640', '666', '777'];

  async function writeModes(folder: string): Promise<void> {
    for (const mode of modes) {
      await writeFile(join(folder, mode), mode);
      await chmod(join(folder, mode), Number.parseInt(mode, 8));
    }
  }

  const readModes = async (folder: string): Promise<string[]> => {
    const found: string[] = [];
    for (const mode of modes) found.push(((await stat(join(folder, mode))).mode & 0o7777).toString(8));
    return found;
  };

  test('umask 022, without -p: the mode of the source minus the umask of the writing side, as with cp', async () => {
    const { here, there } = await site.makePair();
    const expected = ['600', '755', '400', '640', '644', '755'];
    await writeModes(here);
    await site.cpWell([...modes.map((mode) => join(here, mode)), `:${there}`]);
    expect(await readModes(there)).toEqual(expected);
    await writeModes(there);
    await mkdir(join(here, 'back'));
    await site.cpWell([...modes.map((mode) => `:${there}/${mode}`), join(here, 'back')]);
    expect(await readModes(join(here, 'back'))).toEqual(expected);
  });

  test('with -p: mode and mtime are kept, also before 1970', async () => {
    const { here, there } = await site.makePair();
    await writeModes(here);
    const times = ['2001-09-09T01:46:40Z', '1969-07-20T20:17:40Z'].map((text) => new Date(text));
    for (const [at, mode] of modes.entries())
      await utimes(join(here, mode), new Date(), times[at % 2] ?? new Date());
    const expected = await listTree(here, { mode: true, mtime: true });
    await site.cpWell(['-p', ...modes.map((mode) => join(here, mode)), `:${there}`]);
    expect(await listTree(there, { mode: true, mtime: true })).toEqual(expected);
    await mkdir(join(here, 'back'));
    await site.cpWell(['-p', ...modes.map((mode) => `:${there}/${mode}`), join(here, 'back')]);
    expect(await listTree(join(here, 'back'), { mode: true, mtime: true })).toEqual(expected);
  });
});

describe('paths on the remote', () => {
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

  test('a path with a colon after its first character: local', async () => {
    const { here, there } = await site.makePair();
    await writeFiles(here, { 'a:b': 'colon' });
    await site.cpWell([join(here, 'a:b'), `:${there}`]);
    expect(await readFile(join(there, 'a:b'), 'utf8')).toBe('colon');
  });
});

describe('output', () => {
  test('without a terminal: empty stdout, messages without control bytes on stderr', async () => {
    const { here, there } = await site.makePair();
    await writeSeededFile(join(here, 'data'), 3 * mebi);
    const { exitCode, text, stderr } = await site.cp([join(here, 'data'), `:${there}`]);
    expect([exitCode, text]).toEqual([0, '']);
    expect(stderr).not.toMatch(/[^\n\x20-\x7e…]/);
    expect(stderr.split('\n').every((line) => line === '' || line.startsWith('remotify: '))).toBe(true);
  });

  test('-q, up and down: no output at all', async () => {
    const { here, there } = await site.makePair();
    await writeFiles(here, { data: 'x' });
    const up = await site.cp(['-q', join(here, 'data'), `:${there}`]);
    expect(up).toMatchObject({ exitCode: 0, text: '', stderr: '' });
    const down = await site.cp(['-q', `:${there}/data`, join(here, 'back')]);
    expect(down).toMatchObject({ exitCode: 0, text: '', stderr: '' });
  });

  test('--json: one object with the fields of the report, nothing else', async () => {
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

test('-s NAME: cp uses the named session, not the current one', async () => {
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
