import { access, readdir, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { makeShortSleep, startByHand, startScriptedRelay } from '../harness/hand-run.ts';
import type { Listener } from '../harness/listener.ts';

// A hostile relay can send commands to its listener, but cannot fill its disk or confuse its parser.

const mib = 1024 * 1024;

/** Measures the files in the listener's folder until `stop`; `largest` is the largest size seen. */
function watchSizes({ temporaryFolder }: Listener): { largest: () => number; stop: () => void } {
  let largest = 0;
  let isOver = false;
  const look = async () => {
    for (const folder of await readdir(temporaryFolder)) {
      for (const name of await readdir(join(temporaryFolder, folder))) {
        // These files measure or reserve free disk space.
        if (name === 'room' || name === 'reserve') continue;
        const { size } = await stat(join(temporaryFolder, folder, name));
        if (size > largest) largest = size;
      }
    }
  };
  const again = () => {
    if (!isOver) void look().then(again, again);
  };
  again();
  return {
    largest: () => largest,
    stop: () => {
      isOver = true;
    },
  };
}

const piece = Buffer.alloc(256 * 1024, 'x');

function streamForEver(response: {
  write: (bytes: Buffer) => boolean;
  once: ServerResponse['once'];
  destroyed: boolean;
}): void {
  while (!response.destroyed && response.write(piece));
  if (!response.destroyed) response.once('drain', () => streamForEver(response));
}

const count = (text: string, word: string) => text.split(word).length - 1;
const tooLarge = 'remotify: cannot reach the relay: its answer is too large; retrying\n';

test('an endless response body to a poll: its file is limited, one message is printed, the listener continues', {
  timeout: 90_000,
}, async () => {
  const relay = await startScriptedRelay((_request, response) => streamForEver(response.writeHead(200)));
  const listener = await startByHand(relay.url);
  const sizes = watchSizes(listener);
  onTestFinished(sizes.stop);
  await eventually('the third poll', 60_000, () => relay.verbs.length >= 3);
  expect(count(listener.output(), tooLarge)).toBe(1);
  expect(listener.output().replace(tooLarge, '')).toBe('');
  // The size of the largest script that the slots of a relay accept, plus its frame.
  expect(sizes.largest()).toBeLessThanOrEqual(96 * mib);
  relay.answer((_request, response) => response.writeHead(204).end());
  await eventually('the listener continues', 60_000, () =>
    listener.output().includes('connected to the relay again'),
  );
  expect(listener.isRunning()).toBe(true);
});

test('an endless response body to other requests: its file is limited to 64 KiB', {
  timeout: 90_000,
}, async () => {
  const script = 'echo ran; sleep 1.5';
  const frame = `remotify/1 run c1 ${script.length} timeout=0 merge=0 stdin=0\n${script}\nremotify/1 end c1\n`;
  const relay = await startScriptedRelay((_request, response, verb) => {
    if (verb === 'next') response.end(frame);
    else streamForEver(response.writeHead(200));
  });
  const listener = await startByHand(relay.url);
  const sizes = watchSizes(listener);
  onTestFinished(sizes.stop);
  await eventually('the result is sent again', 60_000, () => count(relay.verbs.join(' '), 'finish') >= 2);
  expect(count(listener.output(), tooLarge)).toBe(1);
  for (const folder of await readdir(listener.temporaryFolder)) {
    for (const slot of ['result.body', 'control.body'])
      expect((await stat(join(listener.temporaryFolder, folder, slot))).size, slot).toBeLessThanOrEqual(
        64 * 1024,
      );
  }
});

test('an endless response head: its file is limited, and the listener continues', {
  timeout: 90_000,
}, async () => {
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.on('error', () => {});
    socket.write('HTTP/1.1 200 OK\r\n');
    const line = Buffer.from(`X-Word: ${'y'.repeat(8_000)}\r\n`.repeat(16));
    const go = () => {
      while (!socket.destroyed && socket.write(line));
      if (!socket.destroyed) socket.once('drain', go);
    };
    go();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const listener = await startByHand(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const sizes = watchSizes(listener);
  onTestFinished(sizes.stop);
  await eventually('the third poll', 60_000, () => asked >= 3);
  expect(listener.output()).toMatch(/^remotify: cannot reach the relay: .+; retrying\n$/);
  expect(sizes.largest()).toBeLessThanOrEqual(96 * mib);
});

type Fields = { id?: string; size?: string; options?: string };

function frameWith(
  script: string,
  { id = 'c7', size = String(script.length), options = 'timeout=0' }: Fields,
): string {
  return `remotify/1 run ${id} ${size} ${options}\n${script}\nremotify/1 end ${id}\n`;
}

test('a frame with a field longer than the relay ever sends: the command does not run', {
  timeout: 90_000,
}, async () => {
  const touch = (name: string) => `: >"$TMPDIR/${name}"`;
  const bad: Fields[] = [
    { id: 'c12345678901' },
    { options: `timeout=0 from=${'a'.repeat(81)}` },
    { options: 'timeout=1234567890' },
    { options: 'timeout=08' },
    { size: `0${touch('bad').length}` },
  ];
  const good = [{ id: 'c1234567890' }, { id: 'c2', options: `timeout=999999999 from=${'a'.repeat(80)}` }];
  const frames = [
    ...bad.map((fields) => frameWith(touch('bad'), fields)),
    ...good.map((fields) => frameWith(touch(`good.${fields.id}`), fields)),
  ];
  const relay = await startScriptedRelay((_request, response, verb) => {
    if (verb !== 'next') return void response.end('ok');
    const frame = frames.shift();
    if (frame === undefined) return void response.writeHead(204).end();
    return void response.end(frame);
  });
  const { PATH } = await makeShortSleep();
  const listener = await startByHand(relay.url, { PATH });
  const isThere = (name: string) =>
    access(join(listener.temporaryFolder, name)).then(
      () => true,
      () => false,
    );
  await eventually(
    'the valid frames ran',
    60_000,
    async () => (await isThere('good.c1234567890')) && isThere('good.c2'),
  );
  expect(await isThere('bad')).toBe(false);
  expect(count(listener.output(), 'remotify: ignored an invalid response from the relay\n')).toBe(1);
});
