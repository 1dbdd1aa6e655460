import { expect, test } from 'vitest';
import type { CommandView } from '../../src/protocol/command-view.ts';
import { beginningOf } from '../../src/text/beginning-of.ts';
import { curl } from '../harness/curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

test.each([
  ['a short script', 'echo "ö"\n', 'echo "ö"\n'],
  ['a long script', `${'𝄞'.repeat(250)}x`, '𝄞'.repeat(200)],
  ['a script with a character across byte 800', `a${'𝄞'.repeat(250)}`, `a${'𝄞'.repeat(199)}`],
  ['a script with a key', `curl /cmd-${'ab'.repeat(16)}`, /^curl \/cmd-.{0,15}$/],
  ['a script with a key across the limit', `${'#'.repeat(195)}${'ab'.repeat(16)}`, /^#{195}.{0,5}$/],
])('%s: beginningOf has its first 200 characters at most, and no key', (_name, script, text) => {
  expect(beginningOf(Buffer.from(script))).toEqual(
    typeof text === 'string' ? text : expect.stringMatching(text),
  );
});

test('command pushed through the slot or the resource: the list of commands has its text and its bytes of stdin', async () => {
  const relay = await forTest(startRelay());
  const { urls } = (await curl(['-X', 'POST', `${relay.url}/api/session`])).json<SessionPayload>();
  await curl(['--data-raw', 'echo slot', urls.cmd]);
  await curl(['--data-raw', 'cat', `${urls.api}/commands?stdin=1`]);
  await curl(['-X', 'PUT', '--data-raw', 'four', `${urls.api}/commands/c2/stdin?offset=0`]);
  const { commands } = (await curl([`${urls.api}/commands`])).json<{ commands: CommandView[] }>();
  expect(commands.map(({ text, stdin_bytes: bytes }) => [text, bytes])).toEqual([
    ['echo slot', 0],
    ['cat', 4],
  ]);
});
