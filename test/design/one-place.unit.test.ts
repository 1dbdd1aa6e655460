import { describe, expect, test } from 'vitest';
import { isCode, listSourceFiles, readSource } from './source-files.ts';

// Facts that only one file may contain: a change of one copy would miss a second copy.

/** Code without comments: a comment may contain an example. */
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
    ['how a character is escaped', /`\\\\[xu]/, ['src/text/escape.ts', 'src/text/quote.ts']],
    ['characters that no shell treats as special', /_@%\+=:,/, ['src/protocol/quote-for-shell.ts']],
    ['the pauses between retries of a client', /(?:first|longest)PauseMs = \d/, ['src/client/pause.ts']],
    ['how long a connection may take', /connectTimeoutMs = \d/, ['src/client/undici-http.ts']],
    ['the message for a non-HTTP peer', /it does not speak HTTP/, ['src/client/explain-connection.ts']],
    ['the message for an unknown session', /no such session: unknown, expired/, ['src/protocol/gone.ts']],
    ['how a word is quoted for a shell', /'\\\\''/, ['src/protocol/quote-for-shell.ts']],
    [
      'what a session key looks like',
      /\[0-9a-f(?:A-F)?\]\{(?:32|\$\{keyLength\})\}/,
      ['src/protocol/keys.ts'],
    ],
    ['how long a session key is', /[kK]ey(?:Length|Digits|Chars)? = 32\b/, ['src/protocol/keys.ts']],
    ['which part of a key is shown', /[kK]ey\.slice\(0, 4\)/, ['src/text/mask-keys.ts']],
    ['how a key in text is found', /\{(?:28|\$\{keyLength - 4\}),/, ['src/text/hide-keys.ts']],
    ['the pattern of command ids', /c\[1-9\]\[0-9\]/, ['src/protocol/paths.ts']],
    ['numbers with a fraction', /\.toFixed\(/, ['src/text/durations.ts', 'src/text/sizes.ts']],
    ['units of sizes', /['` ][kMG]B\b/, ['src/text/sizes.ts']],
    ['the time of day', /\.getHours\(/, ['src/cli/times.ts']],
    [
      'the longest timer: once for the command line and once for the store',
      /2 \*\* 31/,
      ['src/cli/timer-limit.ts', 'src/store/due-timers.ts'],
    ],
    ['first and following bytes of UTF-8', /0xc0\b/, ['src/text/cut-bytes.ts', 'src/text/utf8.ts']],
    ['half of a surrogate pair', /0xd800/, ['src/text/cut-text.ts']],
    ['terminal sequences that output may use', /\^\\x1b/, ['src/text/sequences.ts']],
    ['paths of the HTTP API', /['"`]\/(?:api\/|cmd-|result-)/, ['src/protocol/paths.ts']],
    [
      'headers of the HTTP API',
      /['"`]remotify-(?:version|error|listener|state|exit-status)['"`]/,
      ['src/protocol/headers.ts'],
    ],
  ] as const)('%s', (_title, pattern, places) => {
    expect(listUsers(pattern)).toEqual(places);
  });

  test('TextDecoder: only src/text, and files where bad bytes are an error or part of JSON', () => {
    expect(listUsers(/new TextDecoder\(/)).toEqual([
      'src/client/check-answer.ts',
      'src/config/read-secret.ts',
      'src/text/beginning-of.ts',
      'src/text/utf8.ts',
    ]);
  });

  test('no two files export the same name if one of them is in src/text or src/protocol', () => {
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
