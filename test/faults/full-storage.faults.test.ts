import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { type Answer, Wire } from '../promises/wire.ts';
import { canMount, mountSmallDisk } from '../store/small-disk.ts';
import {
  canLimit,
  canTrace,
  failSyncs,
  failWrites,
  type Fault,
  fillUp,
  limitFiles,
  setReadOnly,
} from './storage/faults.ts';
import { type Operation, prepareOperations } from './storage/operations.ts';
import { forTest } from '../harness/for-test.ts';

const mib = 1024 * 1024;

const isRefused = ({ status, headers }: Answer): boolean =>
  (status === 503 && headers['remotify-error'] === 'storage_busy') ||
  (status === 507 && headers['remotify-error'] === 'storage_full');

const isAcknowledged = ({ status }: Answer): boolean => status >= 200 && status < 300;

async function start(store: string, { port = 0, flags = [] as string[] } = {}): Promise<Relay> {
  const relay = await forTest(startRelay({ store: `file:${store}`, port, flags }));
  return relay;
}

const openWire = ({ port }: Relay): Wire => {
  const wire = new Wire({ port, kill: async () => {}, start: async () => {} });
  onTestFinished(() => wire.close());
  return wire;
};

/**
 * Performs all operations while storage fails: the relay must reject what it cannot store, and keep what it acknowledges. Then repeats
 * the rejected ones after storage works again, with the same process. `mustFail`: operations that cannot succeed under this fault.
 */
async function expectTruth(
  store: string,
  fault: Fault,
  mustFail: (operation: Operation) => boolean,
  flags: string[] = [],
) {
  const relay = await start(store, { flags });
  const operations = await prepareOperations(relay);
  const wire = openWire(relay);
  const isHealthy = async (): Promise<void> => {
    const { status, text } = await wire.ask({ method: 'GET', path: '/api/health', key: '' });
    expect([status, JSON.parse(text)]).toEqual([200, { ok: true, service: 'remotify.run' }]);
  };
  const answers = new Map<string, Answer>();

  await fault.begin(relay);
  // Twice: a repeated request must not be acknowledged because the first one was rejected.
  for (const operation of [...operations, ...operations]) {
    const { name, perform } = operation;
    if (answers.has(name)) continue;
    const answer = await perform();
    expect(isRefused(answer) || isAcknowledged(answer), `${name}: ${answer.status} ${answer.text}`).toBe(
      true,
    );
    if (mustFail(operation)) expect(isRefused(answer), `${name} is answered ${answer.status}`).toBe(true);
    if (isAcknowledged(answer)) answers.set(name, answer);
    await isHealthy();
  }
  const refused = operations.filter(({ name }) => !answers.has(name));
  await fault.end(relay);
  await isHealthy();
  for (const { name, perform } of refused) {
    const answer = await perform();
    expect(isAcknowledged(answer), `${name} once it works again: ${answer.status} ${answer.text}`).toBe(true);
    answers.set(name, answer);
  }
  expect(relay.stderr()).not.toMatch(/^\s+at |Error/m);

  await relay.kill('SIGKILL');
  const after = openWire(await start(store, { port: relay.port, flags }));
  for (const { name, isKept } of operations) {
    const answer = answers.get(name);
    expect(answer && (await isKept(after, answer)), `${name} is kept`).toBe(true);
  }
}

const isLarge = (operation: Operation): boolean => operation.isLarge;

describe.skipIf(!canMount)(
  'the disk of the store is full: acknowledged data is kept, the rest is rejected',
  () => {
    test.each([0, 1, 2, 5])('a disk with %i pages left', { timeout: 60_000 }, async (pagesLeft) => {
      const disk = await mountSmallDisk(8 * mib);
      await expectTruth(join(disk.path, 'store'), fillUp(disk, pagesLeft), isLarge);
    });
  },
);

describe.skipIf(!canMount)(
  'a folder of the store is read-only: acknowledged data is kept, the rest is rejected',
  () => {
    test('the folder of sessions is read-only', { timeout: 60_000 }, async () => {
      const disk = await mountSmallDisk(8 * mib);
      const store = join(disk.path, 'store');
      await expectTruth(store, setReadOnly(join(store, 'sessions')), isLarge);
    });
  },
);

describe.skipIf(!canLimit)('a file size limit: acknowledged data is kept, the rest is rejected', () => {
  test.each([
    ['a limit of half a large operation', 100_000, isLarge],
    ['a limit of 0 bytes', 0, () => true],
  ] as const)('%s', { timeout: 60_000 }, async (_name, bytes, mustFail) => {
    const folder = await forTest(makeTemporaryFolder());
    await expectTruth(join(folder.path, 'store'), limitFiles(bytes), mustFail);
  });
});

describe.skipIf(!canTrace)('system calls fail: acknowledged data is kept, the rest is rejected', () => {
  test.each(['EIO', 'ENOSPC', 'EDQUOT', 'EROFS'])(
    'each write fails with %s',
    { timeout: 90_000 },
    async (error) => {
      const folder = await forTest(makeTemporaryFolder());
      const store = join(folder.path, 'store');
      // The path of a new session is not known in advance, so it may escape the fault.
      await expectTruth(store, failWrites(store, error), ({ name }) => name !== 'make a session');
    },
  );

  test('only fsync fails, with --durability power', { timeout: 90_000 }, async () => {
    const folder = await forTest(makeTemporaryFolder());
    const flags = ['--durability', 'power'];
    await expectTruth(join(folder.path, 'store'), failSyncs('EIO'), () => true, flags);
  });
});
