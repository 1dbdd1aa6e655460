import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

test('GET output with limit=: both streams count, each may use half plus the rest of the other, and a partial response is not complete', async () => {
  const relay = await forTest(startRelay());
  const remote = await forTest(startRemote(relay));
  await remote.run(['exec', 'printf 0123456789; printf abcdef >&2']);
  const { key } = await readSession(remote.configDir);
  const read = async (query: string) => {
    const { status, text, headers } = await curl([
      `${relay.url}/api/session/${key}/commands/c1/output?${query}`,
    ]);
    return [status, text, headers['remotify-complete']];
  };
  expect(await read('stream=stdout&offset=2&limit=3')).toEqual([200, '234', 'false']);
  // Each stream may use half of the limit, plus what the other one does not need.
  expect(await read('stdout=0&stderr=0&limit=15')).toEqual([200, '012345678abcdef', 'false']);
  expect(await read('stdout=0&stderr=0&limit=11')).toEqual([200, '01234abcdef', 'false']);
  expect(await read('stdout=0&stderr=0&limit=8')).toEqual([200, '0123abcd', 'false']);
  expect(await read('stdout=8&stderr=0&limit=7')).toEqual([200, '89abcde', 'false']);
  expect(await read('stdout=0&stderr=0&limit=1')).toEqual([200, 'a', 'false']);
  expect(await read('stdout=0&stderr=6&limit=10')).toEqual([200, '0123456789', 'true']);
  expect(await read('stdout=99&stderr=4&limit=10')).toEqual([200, 'ef', 'true']);
  expect(await read('stdout=0&stderr=0&limit=16')).toEqual([200, '0123456789abcdef', 'true']);
  expect(await read('stream=stdout&limit=0')).toEqual([200, '', 'false']);
  expect((await read('stream=stdout&limit=x'))[0]).toBe(400);
});
