import { spawnSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { forFile } from '../harness/for-file.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { expectFailure } from './expect-failure.ts';

// `exec -f SCRIPT` with scripts from other systems, and with paths that are not scripts.

const relay = useRelay();
const remote = useRemote(relay);
const folder = forFile('the folder', makeTemporaryFolder);

let count = 0;

async function writeScript(content: string | Uint8Array): Promise<string> {
  const path = join(folder.path, `script ${++count}.sh`);
  await writeFile(path, content);
  return path;
}

const mark = '\ufeff';
const script = 'if true; then\n  cd /\n  pwd\nfi\nexit 3\n';
const crlf = script.replaceAll('\n', '\r\n');

describe('a script from another system is converted and runs', () => {
  test.each([
    ['CRLF line ends', crlf, [/^remotify: converted 5 line ends in .* from CRLF to LF$/]],
    ['CRLF, no last line end', crlf.slice(0, -2), [/^remotify: converted 4 line ends/]],
    ['a byte order mark', mark + script, [/^remotify: removed the byte order mark \(BOM\) from /]],
    ['BOM+CRLF', mark + crlf, [/^remotify: removed the byte order mark/, /^remotify: converted 5 line ends/]],
    ['a byte order mark before #!', `${mark}#!/bin/bash\n${script}`, [/^remotify: removed the byte order/]],
    ['#! with CRLF', `#!/bin/bash\r\n${crlf}`, [/^remotify: converted 6 line ends/]],
    ['one CRLF line', 'cd / && pwd; exit 3\r\n', [/^remotify: converted 1 line end in /]],
  ])('a script with %s: runs, with a notice', async (_title, content, notices) => {
    const path = await writeScript(content);
    const file = await remote.run(['exec', '-f', path]);
    const stdin = await remote.run(['exec', '-f', '-'], { stdin: content });
    for (const result of [file, stdin]) {
      expect(result).toMatchObject({ exitCode: 3, text: '/\n' });
      const lines = result.stderr.trimEnd().split('\n');
      expect(lines).toHaveLength(notices.length);
      notices.forEach((notice, at) => expect(lines[at]).toMatch(notice));
    }
    expect(file.stderr).toContain(path);
    expect(stdin.stderr).toContain('the script on stdin');
    expect(await remote.run(['exec', '-q', '-f', path])).toMatchObject({ exitCode: 3, stderr: '' });
  });

  test('a here-document and a continued line with CRLF: converted to LF', async () => {
    const path = await writeScript('cat <<END\r\none\r\nEND\r\necho a \\\r\n  b\r\n');
    expect(await remote.run(['exec', '-q', '-f', path])).toMatchObject({ exitCode: 0, text: 'one\na b\n' });
  });

  test('carriage returns inside lines that end in LF: not changed', async () => {
    const path = await writeScript("printf '%s' 'a\rb\r'\n");
    expect(await remote.run(['exec', '-f', path])).toMatchObject({ exitCode: 0, text: 'a\rb\r', stderr: '' });
  });

  test('a byte order mark inside the script: not changed', async () => {
    const path = await writeScript(`printf '%s' '${mark}'\n`);
    expect(await remote.run(['exec', '-f', path])).toMatchObject({ exitCode: 0, text: mark, stderr: '' });
  });

  test('a command on the command line with CRLF and a byte order mark: converted too', async () => {
    const result = await remote.run(['exec', mark + crlf]);
    expect(result).toMatchObject({ exitCode: 3, text: '/\n' });
    expect(result.stderr).toBe(
      'remotify: removed the byte order mark (BOM) from the command\nremotify: converted 5 line ends in the command from CRLF to LF\n',
    );
  });

  test('a command on the command line with mixed line ends: sent unchanged', async () => {
    const result = await remote.run(['exec', "cat <<END\none\r\nEND\nprintf 'a\r\nb'"]);
    expect(result).toMatchObject({ exitCode: 0, text: 'one\r\na\r\nb', stderr: '' });
  });
});

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

describe('a script that bash cannot read is refused', () => {
  test.each([
    ['mixed line ends', 'cd /build\r\nrm -rf out\n', /mixes line ends: 1 CRLF, 1 LF\n.*tr -d '\\r' < /],
    [
      'carriage returns only',
      'echo a\recho b\r',
      /no line feeds, only carriage returns.*\n.*tr '\\r' '\\n' < /,
    ],
    ['UTF-16 with a byte order mark', utf16(mark + script), /is UTF-16 text.*\n.*iconv -f UTF-16 -t UTF-8 /],
    ['UTF-16, big endian', utf16(mark + script).swap16(), /is UTF-16 text/],
    ['UTF-16 without a byte order mark', utf16(script), /is UTF-16LE text/],
    ['UTF-16BE without a byte order mark', utf16(script).swap16(), /is UTF-16BE text/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), /is UTF-32 text/],
    ['NUL bytes', 'echo a\0b\n', /a command cannot hold a NUL byte/],
    ['an ELF program', Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0', 'latin1'), /NUL byte/],
    ['only a byte order mark', mark, /empty command/],
    ['another interpreter after a BOM', `${mark}#!/usr/bin/python3\r\n`, /not a shell script.*python3"\n/],
  ])('a script with %s: usage error', async (_title, content, error) => {
    expectFailure(await remote.run(['exec', '-f', await writeScript(content)]), 2, error);
    expectFailure(await remote.run(['exec', '-f', '-'], { stdin: content }), 2, error);
  });

  test('the command in the hint for mixed line ends runs the script', async () => {
    const path = await writeScript('cd /\r\npwd\n');
    const { stderr } = await remote.run(['exec', '-f', path]);
    const convert = /convert it: (.*?); or send it unchanged: (.*)$/m.exec(stderr);
    const env = cleanEnvironment(remote.configDir, {
      REMOTIFY_CONFIG_DIR: remote.configDir,
      REMOTIFY_URL: relay.url,
    });
    const define = `remotify() { '${process.execPath}' '${binaryPath}' "$@"; }; `;
    const shell = (text = '') => spawnSync('bash', ['-c', define + text], { env, encoding: 'utf8' });
    expect(shell(convert?.[1])).toMatchObject({ status: 0, stdout: '/\n' });
    expect(shell(convert?.[2]).stdout).not.toBe('/\n');
  });
});

describe('--file with a path that is not a script', () => {
  test.each([
    ['missing', 'none.sh', /cannot read ".*none\.sh": it does not exist \(ENOENT\)/],
    ['a folder', 'folder', /".*folder" is a folder, not a script/],
    ['below a file', 'file/x', /part of the path is not a folder \(ENOTDIR\)/],
    ['a dangling link', 'nowhere', /it does not exist \(ENOENT\)/],
    ['a link to itself', 'circle', /its symbolic links form a loop \(ELOOP\)/],
    ['a name that is too long', 'x'.repeat(300), /its name is too long \(ENAMETOOLONG\)/],
  ])('--file with a path that is %s: an error in words', async (_title, name, error) => {
    await mkdir(join(folder.path, 'folder'), { recursive: true });
    await writeFile(join(folder.path, 'file'), 'x');
    await symlink('/nowhere/at/all', join(folder.path, 'nowhere')).catch(() => undefined);
    await symlink(join(folder.path, 'circle'), join(folder.path, 'circle')).catch(() => undefined);
    const result = await remote.run(['exec', '--json', '-f', join(folder.path, name)]);
    expect(JSON.parse(result.text)).toMatchObject({ error: { code: 'file' } });
    expectFailure(await remote.run(['exec', '-f', join(folder.path, name)]), 2, error);
  });

  test.skipIf(process.getuid?.() === 0)('--file without read permission: error (not as root)', async () => {
    const path = await writeScript('true\n');
    await chmod(path, 0);
    expectFailure(await remote.run(['exec', '-f', path]), 2, /permission denied \(EACCES\)/);
  });

  test('--file with an empty path: usage error', async () => {
    expectFailure(await remote.run(['exec', '-f', '']), 2, /--file is empty/);
  });

  test('--file /dev/zero: refused, not read forever', async () => {
    expectFailure(await remote.run(['exec', '-f', '/dev/zero']), 2, /NUL byte/);
  });

  test('--file with a pipe from the shell: runs', async () => {
    const env = cleanEnvironment(remote.configDir, {
      REMOTIFY_CONFIG_DIR: remote.configDir,
      REMOTIFY_URL: relay.url,
    });
    const text = `"$1" "$2" exec -f <(echo 'echo one'; sleep 0.2; echo 'echo "$1"') two; echo 'echo three' | "$1" "$2" exec -f /dev/stdin`;
    const shell = spawnSync('bash', ['-c', text, 'bash', process.execPath, binaryPath], {
      env,
      encoding: 'utf8',
    });
    expect(shell).toMatchObject({ status: 0, stdout: 'one\ntwo\nthree\n', stderr: '' });
  });
});
