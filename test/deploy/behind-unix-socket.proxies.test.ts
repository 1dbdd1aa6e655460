/** A relay on a unix socket behind each proxy. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { hasOpenssl } from '../harness/certificate.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { type Proxy, type ProxyOptions, startHaproxy, startNginx } from '../harness/proxy-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startRemoteThrough } from './remote-through.ts';
import { forTest } from '../harness/for-test.ts';

const proxies: [name: string, upstream: string, start: (options: ProxyOptions) => Promise<Proxy>][] = [
  ['nginx', 'unix:', startNginx],
  ['haproxy', 'unix@', startHaproxy],
];

for (const [name, upstream, start] of proxies) {
  const isMissing = findProgram(name) === undefined || !hasOpenssl;
  const title = `behind ${name}${isMissing ? ` (skipped: ${name} or openssl is not installed)` : ''}`;
  test.skipIf(isMissing)(
    `${title}, on a unix socket: line, exit status and client address are right`,
    async () => {
      const folder = await forTest(makeTemporaryFolder());
      const socket = join(folder.path, 'sock');
      const where = [
        '--listen',
        `unix:${socket}`,
        '--socket-mode',
        '0660',
        '--store',
        'memory:',
        '--audit-log',
      ];
      const relay = spawnCaptured(process.execPath, [binaryPath, 'serve', ...where], {
        env: cleanEnvironment(folder.path),
      });
      onTestFinished(() => void relay.child.kill('SIGKILL'));
      await eventually('the relay listens', 10_000, () => relay.stderr().includes('listening'));

      const proxy = await forTest(start({ upstreams: [`${upstream}${socket}`] }));
      const remote = await forTest(startRemoteThrough(proxy));
      expect(remote.line).toContain(`'${proxy.url}/r/`);
      expect((await remote.exec(['exit 7'])).exitCode).toBe(7);

      const from = ['-4', '--interface', '127.0.0.9', '--cacert', proxy.caPath ?? ''];
      expect((await curl([...from, '-X', 'POST', `${proxy.url}/api/session`])).status).toBe(201);
      await eventually('the audit log', 5_000, () => relay.stderr().includes(' from 127.0.0.9'));
    },
  );
}
