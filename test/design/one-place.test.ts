import { describe, expect, test } from 'vitest';
import { isCode, listSourceFiles, readSource } from './source-files.ts';

// What is known in one place, and used from there: a second copy of it would be forgotten when the first one changes.

/** Without comments, which may show an example. */
const codes = listSourceFiles()
  .filter(isCode)
  .map((path) => ({
    path,
    code: readSource(path)
      .replaceAll(/\/\*[^]*?\*\//g, '')
      .replaceAll(/^\s*\/\/.*$/gm, ''),
  }));

const listUsers = (pattern: RegExp): string[] =>
  codes.filter(({ code }) => pattern.test(code)).map(({ path }) => path);

describe('only in one place', () => {
  test.each([
    [
      'characters that are invisible or change the direction of text',
      /\\u\{?(?:20[026]|e00)/,
      ['src/text/escape.ts'],
    ],
    ['how a character is spelled out', /`\\\\[xu]/, ['src/text/escape.ts', 'src/text/quote.ts']],
    ['characters that no shell treats as special', /_@%\+=:,/, ['src/protocol/quote-for-shell.ts']],
    ['the pauses between attempts of a client', /(?:first|longest)PauseMs = \d/, ['src/client/pause.ts']],
    ['how long a connection may take', /connectTimeoutMs = \d/, ['src/client/undici-http.ts']],
    ['that a peer speaks another protocol', /it does not speak HTTP/, ['src/client/explain-connection.ts']],
    ['that there is no such session', /no such session: unknown, expired/, ['src/protocol/gone.ts']],
    ['a word for a shell', /'\\\\''/, ['src/protocol/quote-for-shell.ts']],
    [
      'what a session key looks like',
      /\[0-9a-f(?:A-F)?\]\{(?:32|\$\{keyLength\})\}/,
      ['src/protocol/keys.ts'],
    ],
    ['how long a session key is', /[kK]ey(?:Length|Digits|Chars)? = 32\b/, ['src/protocol/keys.ts']],
    ['what of a key is shown', /[kK]ey\.slice\(0, 4\)/, ['src/text/mask-keys.ts']],
    ['a key in text of others', /\{(?:28|\$\{keyLength - 4\}),/, ['src/text/hide-keys.ts']],
    ['ids of commands', /c\[1-9\]\[0-9\]/, ['src/protocol/paths.ts']],
    ['numbers with a fraction', /\.toFixed\(/, ['src/text/durations.ts', 'src/text/sizes.ts']],
    ['units of sizes', /['` ][kMG]B\b/, ['src/text/sizes.ts']],
    ['the hands of a clock', /\.getHours\(/, ['src/cli/times.ts']],
    [
      'the longest timer: of a client, and of a store, which know nothing of each other',
      /2 \*\* 31/,
      ['src/cli/timer-limit.ts', 'src/store/due-timers.ts'],
    ],
    ['how UTF-8 begins and goes on', /0xc0\b/, ['src/text/cut-bytes.ts', 'src/text/utf8.ts']],
    ['half of a character of two units', /0xd800/, ['src/text/cut-text.ts']],
    ['sequences that output may use', /\^\\x1b/, ['src/text/sequences.ts']],
    ['paths of the wire', /['"`]\/(?:api\/|cmd-|result-)/, ['src/protocol/paths.ts']],
    [
      'headers of the wire',
      /['"`]remotify-(?:version|error|listener|state|exit-status)['"`]/,
      ['src/protocol/headers.ts'],
    ],
  ] as const)('%s', (_title, pattern, places) => {
    expect(listUsers(pattern)).toEqual(places);
  });

  test('bytes as text: the room of text, and those for whom bad bytes are an error or a part of JSON', () => {
    expect(listUsers(/new TextDecoder\(/)).toEqual([
      'src/client/check-answer.ts',
      'src/config/read-secret.ts',
      'src/text/beginning-of.ts',
      'src/text/utf8.ts',
    ]);
  });

  test('names of functions: no two rooms export the same word for two things', () => {
    const owners = new Map<string, string[]>();
    for (const { path, code } of codes) {
      if (!/^src\/(?:text|protocol)\//.test(path)) continue;
      for (const [, name = ''] of code.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm))
        owners.set(name, [...(owners.get(name) ?? []), path]);
    }
    for (const { path, code } of codes) {
      if (/^src\/(?:text|protocol)\//.test(path)) continue;
      for (const [, name = ''] of code.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm))
        if (owners.has(name)) owners.get(name)?.push(path);
    }
    expect([...owners].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });
});
