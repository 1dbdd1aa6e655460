import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Wrong input on the client: arguments, files, variables.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

/** A client that has a session. */
async function setUpSession() {
  const client = await setUp();
  return { ...client, made: await client.runJson<SessionPayload>('new', '--name', 'prod') };
}

const key = '0123456789abcdef0123456789abcdef';

describe('arguments', () => {
  test.each([
    ['an unknown flag', ['exec', '--frobnicate', 'true'], /unknown option '--frobnicate'/],
    ['an unknown flag before the command', ['--frobnicate', 'exec', 'true'], /unknown option '--frobnicate'/],
    ['a flag without its value', ['exec', '--timeout'], /--timeout/],
    ['an unknown command', ['stauts'], /unknown command 'stauts'\nremotify: hint: .*status/],
    ['an unknown command without a suggestion', ['xyzzy'], /unknown command 'xyzzy'/],
    ['no command to run', ['exec'], /empty command/],
    ['an empty command', ['exec', ''], /empty command/],
    ['a command of white space', ['exec', '  \t\n '], /empty command/],
    ['a command that is only --', ['exec', '--'], /empty command/],
    ['a bad duration: a word', ['exec', '--timeout', 'soon', 'true'], /not a duration: "soon"/],
    ['a bad duration: unknown unit', ['exec', '--wait', '5y', 'true'], /not a duration: "5y"/],
    ['a bad duration: letters after a number', ['exec', '--wait', '3abc', 'true'], /not a duration: "3abc"/],
    ['a bad duration: negative', ['exec', '--timeout=-5', 'true'], /not a duration: "-5"/],
    ['a bad duration: empty', ['exec', '--timeout=', 'true'], /not a duration: ""/],
    ['a bad duration of new', ['new', '--wait=never'], /not a duration: "never"/],
    ['a bad offset', ['logs', '--offset', '3abc'], /not a whole number.*"3abc"/],
    ['a bad stream', ['logs', '--stream', 'stdin'], /no such stream: "stdin"/],
    ['a bad signal', ['cancel', '--signal', 'HUP'], /no such signal: "HUP"/],
    ['a bad id', ['logs', '12'], /not a command id: "12"/],
    ['a bad id of status', ['status', 'c01'], /not a command id: "c01"/],
    ['a bad id of cancel', ['cancel', '--', '-1'], /not a command id: "-1"/],
    ['a bad name', ['new', '--name', 'a b'], /not a valid name/],
    ['a name that is a key', ['new', '--name', key], /not a valid name/],
    ['a malformed variable name', ['exec', '--env', '1X=2', 'true'], /not a variable: "1X=2"/],
    [
      'a variable that is not set locally',
      ['exec', '--env', 'NO_SUCH_VARIABLE', 'true'],
      /NO_SUCH_VARIABLE is not set/,
    ],
    ['a session that is not stored', ['status', '-s', 'nowhere'], /no stored session is called "nowhere"/],
    ['an argument too many', ['list', 'all'], /too many arguments/],
    ['an argument too few', ['use'], /missing required argument/],
    ['control characters, escaped in the error', ['logs', '\u001b[2J\u009b\u202e'], /not a command id/],
  ])('%s: usage error', async (_title, args, error) => {
    const { run } = await setUpSession();
    expectFailure(await run(args), 2, error);
  });

  test.each([
    ['upper case', key.toUpperCase()],
    ['one digit missing', key.slice(1)],
    ['one digit too many', `${key}0`],
    ['twice', key + key],
    ['with a line feed', `${key}\n`],
    ['in quotes', `"${key}"`],
    ['after a word', `key=${key}`],
    ['after an underscore', `remotify_${key}`],
    ['in a URL', `http://127.0.0.1/r/${key}`],
    ['other letters', 'g'.repeat(32)],
  ])('a malformed key, %s: the error does not repeat it', async (_title, given) => {
    const { run } = await setUp();
    expectFailure(await run(['status', '-s', given]), 2, /./);
    expectFailure(
      await run(['status'], { env: { REMOTIFY_KEY: given } }),
      2,
      /malformed key in REMOTIFY_KEY/,
    );
    expectFailure(await run([given]), 2, /unknown command/);
  });

  test('no session is stored: each command fails with a hint', async () => {
    const { run } = await setUp();
    for (const command of ['status', 'logs', 'cancel', 'reset', 'end'])
      expectFailure(await run([command]), 255, /no session/);
  });
});

describe('files', () => {
  test.each([
    ['missing', undefined, /cannot read ".*": it does not exist \(ENOENT\)/],
    ['a folder', undefined, /".*" is a folder, not a script/],
    ['empty', '', /empty command/],
    ['white space', ' \n\t\n', /empty command/],
    ['with a NUL byte', 'echo a\0b', /NUL/],
    ['too long', 'x'.repeat(1_048_577), /too long: 1048577 bytes/],
  ])('a script file that is %s: usage error', async (title, content, error) => {
    const { run, configDir } = await setUpSession();
    const path = join(configDir, 'script.sh');
    if (title === 'a folder') await mkdir(path);
    else if (typeof content === 'string') await writeFile(path, content);
    expectFailure(await run(['exec', '--file', path]), 2, error);
    if (typeof content === 'string')
      expectFailure(await run(['exec', '-f', '-'], { stdin: content }), 2, error);
  });

  test('several arguments of more than 1 MiB in total: usage error', async () => {
    const { run } = await setUpSession();
    const words = Array.from({ length: 11 }, () => 'x'.repeat(100_000));
    expectFailure(await run(['exec', 'echo', ...words]), 2, /too long: \d+ bytes/);
  });

  test.each([
    ['not JSON', '{"sessions": '],
    ['an array of JSON', '[1, 2]'],
    ['not text', Buffer.from([0xff, 0xfe, 0x00, 0x01])],
  ])('a settings file that is %s: each command fails, and the file stays', async (_title, content) => {
    const { run, configDir } = await setUp();
    await writeFile(join(configDir, 'config.json'), content);
    for (const args of [['status'], ['new'], ['list'], ['exec', 'true'], ['config']])
      expectFailure(await run(args), 255, /config\.json is not valid JSON/);
    expect(await readdir(configDir)).toEqual(['config.json']);
  });

  test('a settings file that is a folder: each command fails', async () => {
    const { run, configDir } = await setUp();
    await mkdir(join(configDir, 'config.json'));
    for (const args of [['status'], ['new'], ['exec', 'true']])
      expectFailure(await run(args), 255, /cannot read .*config\.json: it is a folder \(EISDIR\)/);
  });

  test('a settings folder that cannot be created: new and config set fail', async () => {
    const { run, configDir } = await setUp();
    await writeFile(join(configDir, 'file'), '');
    const dir = join(configDir, 'file', 'folder');
    expectFailure(
      await run(['new', '--config-dir', dir]),
      255,
      /cannot create the folder .*\/file\/folder: part of the path is not a folder \(ENOTDIR\)/,
    );
    const set = await run(['config', 'set', 'url', relay.url, '--config-dir', dir]);
    expectFailure(set, 255, /cannot create the folder .* \(ENOTDIR\)/);
  });
});

describe('sessions', () => {
  test('a session that is gone: the error names it and the command for a new one', async () => {
    const { run, made } = await setUpSession();
    expect((await curl(['-X', 'DELETE', made.urls.api])).status).toBe(204);
    for (const args of [
      ['exec', 'true'],
      ['exec', '--wait', '0', 'true'],
      ['status'],
      ['logs'],
      ['cancel'],
      ['reset'],
    ])
      expectFailure(
        await run(args),
        255,
        /session prod is gone from http:\/\/127\.0\.0\.1:\d+\n.*remotify new .*--name prod/,
      );
    expectFailure(await run(['status', '-s', made.key]), 255, /gone|no such session/);
    const env = { REMOTIFY_KEY: key };
    expectFailure(await run(['exec', 'true'], { env }), 255, /gone|no such session/);
  });

  test('the listener key instead of the session key: refused', async () => {
    const { run, made } = await setUpSession();
    for (const args of [['exec', 'true'], ['status'], ['end']])
      expectFailure(await run(args, { env: { REMOTIFY_KEY: made.listener_key } }), 255, /listener key/);
    expectFailure(await run(['status', '-s', made.listener_key]), 255, /listener key/);
    expect(await run(['status'])).toMatchObject({ exitCode: 0 });
  });
});
