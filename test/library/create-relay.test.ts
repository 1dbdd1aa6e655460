import { expect, test } from 'vitest';
import { createRelay, openHttp, RelayClient } from '../../src/library/library.ts';
import { startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';

test('settings that are undefined have their defaults: a free port, and sessions in memory', async () => {
  const messages: string[] = [];
  const settings = {
    port: undefined,
    store: undefined,
    onMessage: (line: string) => void messages.push(line),
  };
  const relay = await forTest(createRelay(settings));
  const other = await forTest(createRelay(settings));
  const [url, otherUrl] = [await relay.listen(), await other.listen()];
  // With files both would use one folder, and the second relay could not start.
  expect(url).not.toBe(otherUrl);
  const http = openHttp(url);
  expect(await new RelayClient(http).createSession()).toMatchObject({
    key: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  await http.close();
  expect(messages).toEqual([]);
});

test('a port that is in use: listen() rejects with the reason', async () => {
  const used = await forTest(startRelay());
  const relay = await forTest(createRelay({ port: used.port }));
  await expect(relay.listen()).rejects.toThrow(/already in use|EADDRINUSE/);
});
