import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { hasRedis, startRedis, withoutRedis } from '../harness/redis.ts';
import { spawnServe, startServe } from '../harness/serve-process.ts';
import { makeFolder } from './serve-kit.ts';
import { forTest } from '../harness/for-test.ts';

const password = 's3sam3@/:x';

/** Starts a Redis that requires the password, and writes a file with its URL, which contains `written` as the password. */
async function setUp(written = encodeURIComponent(password)) {
  const redis = await forTest(startRedis({ flags: ['--requirepass', password] }));
  const folder = await makeFolder();
  const path = join(folder, 'url');
  await writeFile(path, `redis://default:${written}@127.0.0.1:${redis.port}/1\n`, { mode: 0o600 });
  return { redis, folder, path };
}

describe.skipIf(!hasRedis)(`the password of a Redis${withoutRedis}`, () => {
  test('REMOTIFY_STORE_FILE with a password: used, and never printed', async () => {
    const { redis, path } = await setUp();
    const relay = await forTest(
      startServe(['--listen', '0', '--log', 'text', '--audit-log'], {
        env: { REMOTIFY_STORE_FILE: path },
        store: undefined,
      }),
    );
    expect((await curl(['-X', 'POST', `${relay.place}/api/session`])).status).toBe(201);
    expect(relay.stderr()).toContain(`sessions are in redis://default:***@127.0.0.1:${redis.port}/1\n`);
    expect(relay.stderr()).not.toContain('s3sam3');
    expect(relay.stderr()).not.toContain('process list');
  });

  test.each(['wr0ng', 'wr0ng%40', 'wr0ng%', ''])('wrong password %j: error without it', async (written) => {
    const { folder, path } = await setUp(written);
    const relay = spawnServe(folder, ['--listen', '0'], {
      env: { REMOTIFY_STORE_FILE: path },
      store: undefined,
    });
    onTestFinished(() => void relay.child.kill('SIGKILL'));
    const { code } = await withDeadline(relay.closed, 30_000, 'the relay refuses to start');
    expect([code, relay.stderr()]).toEqual([
      255,
      expect.stringMatching(
        /^remotify: error: cannot open redis:\/\/default:\*\*\*@127\.0\.0\.1:\d+\/1: .+\nremotify: hint: .+\n$/,
      ),
    ]);
    expect(relay.stderr()).not.toMatch(/s3sam3|wr0ng/);
  });
});
