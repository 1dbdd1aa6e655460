/** Starts Pebble, a certificate authority for tests that speaks ACME. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnCaptured } from './captured-process.ts';
import { makeCertificate } from './certificate.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { curl } from './curl.ts';
import { eventually, withDeadline } from './deadline.ts';
import { findProgram } from './find-program.ts';
import { findFreePort } from './free-port.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type Pebble = {
  directory: string;
  /** The certificate to trust for connections to Pebble itself. */
  rootPath: string;
  /** Writes the root of the certificates that it issues to a file, and returns its path. Each start has a new root. */
  issuedBy: () => Promise<string>;
  stop: () => Promise<void>;
};

/** `ports`: where Pebble connects to validate the owner of a name. */
export async function startPebble(ports: { port: number; httpPort: number }): Promise<Pebble> {
  const folder = await makeTemporaryFolder();
  const [listen, management] = [await findFreePort(), await findFreePort()];
  const { certPath, keyPath } = await makeCertificate(folder.path, { name: 'pebble' });
  const config = join(folder.path, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${listen}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: certPath,
    privateKey: keyPath,
    httpPort: ports.httpPort,
    tlsPort: ports.port,
  };
  await writeFile(config, JSON.stringify({ pebble }));
  // Without these variables Pebble delays and fails requests at random, to test its clients.
  const env = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' };
  const running = spawnCaptured(findProgram('pebble') ?? 'pebble', ['-config', config], {
    env: cleanEnvironment(folder.path, env),
  });
  const issuedBy = async () => {
    const path = join(folder.path, 'issued-by.pem');
    const root = await eventually('Pebble hands out its root', 10_000, async () => {
      const answer = await curl(['--cacert', certPath, `https://localhost:${management}/roots/0`]);
      return answer.status === 200 ? answer.text : undefined;
    });
    await writeFile(path, root);
    return path;
  };
  const stop = async () => {
    if (running.isRunning()) running.child.kill('SIGKILL');
    await withDeadline(running.exited, 5_000, 'pebble ends');
    await folder.remove();
  };
  await issuedBy();
  return { directory: `https://localhost:${listen}/dir`, rootPath: certPath, issuedBy, stop };
}
