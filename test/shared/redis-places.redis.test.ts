import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { findFreePort } from '../harness/free-port.ts';
import { hasRedis, startRedis, startReplica, withoutRedis } from '../harness/redis.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { insist, openOwn } from '../store/redis-kit.ts';
import { count, makeSession } from '../store/store-kit.ts';
import { forTest } from '../harness/for-test.ts';

describe.skipIf(!hasRedis)(`a store on Redis through a sentinel or TLS${withoutRedis}`, () => {
  test('sentinel: after the death of the master the store uses the promoted replica', {
    timeout: 90_000,
  }, async () => {
    const master = await forTest(startRedis());
    const replica = await forTest(startReplica(master));
    const folder = await forTest(makeTemporaryFolder());
    const port = await findFreePort();
    const config = join(folder.path, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 5000',
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    const sentinel = spawnCaptured('redis-server', [config, '--sentinel'], {
      env: cleanEnvironment(folder.path),
    });
    onTestFinished(async () => {
      sentinel.child.kill('SIGKILL');
      await withDeadline(sentinel.exited, 10_000, 'the sentinel ends');
    });
    await eventually('the sentinel knows the replica', 30_000, () =>
      sentinel.stdout().includes('+slave slave'),
    );
    const store = await openOwn({ url: `redis+sentinel://127.0.0.1:${port}/main` });
    const { name } = makeSession();
    await store.create(makeSession());
    expect((await store.update(name, count)).result).toBe(1);
    await eventually('the replica has the session', 10_000, async () =>
      (await replica.cli('KEYS', 'remotify:*:s:*')).includes(name.slice(0, 32)),
    );
    await master.kill();
    await insist('an update at the replica', () => store.update(name, count), 45_000);
    expect((await insist('the session', () => store.read(name))).revision).toBeGreaterThanOrEqual(2);
    expect(await replica.cli('ROLE')).toContain('master');
  });

  test.skipIf(!hasOpenssl)(
    'TLS: a certificate of a trusted authority is accepted, another one is refused',
    {
      timeout: 60_000,
    },
    async () => {
      const folder = await forTest(makeTemporaryFolder());
      const { certPath, keyPath } = await makeCertificate(folder.path);
      const port = await findFreePort();
      const tls = ['--tls-port', String(port), '--tls-cert-file', certPath, '--tls-key-file', keyPath];
      await forTest(
        startRedis({
          flags: [...tls, '--tls-ca-cert-file', certPath, '--tls-auth-clients', 'no'],
        }),
      );
      const store = `rediss://127.0.0.1:${port}`;
      const relay = await forTest(startRelay({ store, env: { NODE_EXTRA_CA_CERTS: certPath } }));
      const { status } = await curl(['-X', 'POST', `${relay.url}/api/session`]);
      expect(status).toBe(201);
      await expect(startRelay({ store })).rejects.toThrow(/does not answer: [a-z].+ \([A-Z_]+\)/);
    },
  );
});
