/** Starts, reloads and stops real proxies in front of relays, with the files of deploy/. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapturedProcess, spawnCaptured } from './captured-process.ts';
import { makeCertificate } from './certificate.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { curl } from './curl.ts';
import { eventually, withDeadline } from './deadline.ts';
import { findProgram } from './find-program.ts';
import { findFreePort } from './free-port.ts';
import { type Path, readDeployed, renderCaddy, renderHaproxy, renderNginx, wrapNginx } from './proxies.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type Proxy = {
  /** The URL for clients, with the path. */
  url: string;
  /** The certificate of its authority, if it speaks https. */
  caPath: string | undefined;
  /** Its log so far. */
  log: () => string;
  reload: () => Promise<void>;
  stop: () => Promise<void>;
};

export type ProxyOptions = {
  upstreams: string[];
  path?: Path | undefined;
  /** The port that it listens on; a free one by default. */
  port?: number | undefined;
};

function start(program: string, args: string[], folder: string, env: Record<string, string> = {}) {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`${program} is missing`);
  return spawnCaptured(path, args, { env: cleanEnvironment(folder, env) });
}

/** SIGTERM, then SIGKILL: only processes that this file started. */
async function end(process: CapturedProcess, name: string): Promise<void> {
  if (process.isRunning()) process.child.kill('SIGTERM');
  await withDeadline(process.exited, 5_000, `${name} ends on SIGTERM`).catch(() =>
    process.child.kill('SIGKILL'),
  );
}

/** Waits until the proxy answers; stops it if it does not. */
async function waitForHealth(
  url: string,
  caPath: string | undefined,
  process: CapturedProcess,
  stop: () => Promise<void>,
): Promise<void> {
  try {
    await askUntilHealthy(url, caPath, process);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function askUntilHealthy(url: string, caPath: string | undefined, process: CapturedProcess) {
  const trust = caPath === undefined ? [] : ['--cacert', caPath];
  await eventually(
    `the proxy answers on ${url}`,
    20_000,
    async () => {
      if (!process.isRunning()) throw new Error(process.stderr());
      const answer = await curl([...trust, `${url}/api/health`]);
      // 308: a redirect of all requests to https.
      if (answer.status !== 200 && answer.status !== 308)
        throw new Error(`${answer.status} ${answer.stderr}\n${process.stderr()}`);
      return true;
    },
    100,
  );
}

async function startNginxWith(
  render: (place: { folder: string; port: number; httpPort: number }) => Promise<string>,
  address: (port: number) => { url: string; isTls: boolean },
  given: number | undefined,
): Promise<Proxy> {
  const folder = await makeTemporaryFolder();
  const [port, httpPort] = [given ?? (await findFreePort()), await findFreePort()];
  const config = join(folder.path, 'nginx.conf');
  await writeFile(config, await render({ folder: folder.path, port, httpPort }));
  const { url, isTls } = address(port);
  const caPath = isTls ? join(folder.path, 'relay.pem') : undefined;
  const nginx = start('nginx', ['-p', folder.path, '-c', config], folder.path);
  const stop = async () => {
    await end(nginx, 'nginx');
    await folder.remove();
  };
  const workers = () => nginx.stderr().split('start worker process ').length - 1;
  const reload = async () => {
    const before = workers();
    nginx.child.kill('SIGHUP');
    await eventually('nginx has new workers', 5_000, () => workers() > before);
  };
  await waitForHealth(url, caPath, nginx, stop);
  const errors = join(folder.path, 'error.log');
  const log = () => nginx.stderr() + (existsSync(errors) ? readFileSync(errors, 'utf8') : '');
  return { url, caPath, log, reload, stop };
}

/** A minimal configuration, without any setting for remotify. */
export function startBareNginx({ upstreams, port: given }: ProxyOptions): Promise<Proxy> {
  return startNginxWith(
    async ({ folder, port }) =>
      wrapNginx(
        folder,
        `server { listen 127.0.0.1:${port}; location / { proxy_pass http://${upstreams[0]}; } }`,
      ),
    (port) => ({ url: `http://127.0.0.1:${port}`, isTls: false }),
    given,
  );
}

export function startNginx({ upstreams, path, port: given }: ProxyOptions): Promise<Proxy> {
  return startNginxWith(
    async (place) => renderNginx({ ...place, upstreams, path, tls: await makeCertificate(place.folder) }),
    (port) => ({ url: `https://localhost:${port}${path?.prefix ?? ''}`, isTls: true }),
    given,
  );
}

export async function startHaproxy({ upstreams, path, port: given }: ProxyOptions): Promise<Proxy> {
  const folder = await makeTemporaryFolder();
  const [port, httpPort] = [given ?? (await findFreePort()), await findFreePort()];
  const tls = await makeCertificate(folder.path);
  const config = join(folder.path, 'haproxy.cfg');
  await writeFile(config, renderHaproxy({ folder: folder.path, port, httpPort, upstreams, path, tls }));
  const url = `https://localhost:${port}${path?.prefix ?? ''}`;
  const all = [start('haproxy', ['-db', '-f', config], folder.path)];
  const newest = () => all[all.length - 1]!;
  const stop = async () => {
    await Promise.all(all.map((one) => end(one, 'haproxy')));
    await folder.remove();
  };
  const reload = async () => {
    const old = newest();
    all.push(start('haproxy', ['-db', '-f', config, '-sf', String(old.pid)], folder.path));
    await eventually('the old haproxy stops listening', 5_000, () =>
      old.stderr().includes('Proxy https stopped'),
    );
  };
  await waitForHealth(url, tls.certPath, newest(), stop);
  return { url, caPath: tls.certPath, log: () => all.map((one) => one.stderr()).join(''), reload, stop };
}

export type CaddyOptions = ProxyOptions & {
  /** Variables that compose.yaml would pass. */
  env?: Record<string, string>;
  /** `http`: Caddyfile.http. `internal`: Caddy's own authority. An object: the ACME server that issues certificates. */
  authority: 'http' | 'internal' | { directory: string; rootPath: string; issuedBy: () => Promise<string> };
};

export type CaddyPorts = { admin: number; port: number; httpPort: number };

export async function startCaddy(given: CaddyOptions): Promise<Proxy> {
  const [admin, httpPort] = [await findFreePort(), await findFreePort()];
  return startCaddyOn({ admin, httpPort, port: given.port ?? (await findFreePort()) }, given);
}

export async function startCaddyOn(
  ports: CaddyPorts,
  { upstreams, path, authority, env: extra = {} }: CaddyOptions,
): Promise<Proxy> {
  const folder = await makeTemporaryFolder();
  const isPlain = authority === 'http';
  const acme = typeof authority === 'object' ? authority : undefined;
  const config = join(folder.path, 'Caddyfile');
  await writeFile(join(folder.path, 'relay.caddy'), readDeployed('relay.caddy'));
  await writeFile(config, renderCaddy(isPlain ? 'Caddyfile.http' : 'Caddyfile', ports, { path, acme }));
  const env = {
    RELAYS: upstreams.join(' '),
    DOMAIN: 'localhost',
    CERTBOT_EMAIL: 'you@example.com',
    CERTBOT_STAGING: acme === undefined ? 'internal' : '1',
    ...extra,
  };
  const from = ['--config', config, '--adapter', 'caddyfile'];
  const caddy = start('caddy', ['run', ...from], folder.path, env);
  const stop = async () => {
    await end(caddy, 'caddy');
    await folder.remove();
  };
  const reload = async () => {
    const address = `127.0.0.1:${ports.admin}`;
    const done = start('caddy', ['reload', ...from, '--address', address, '--force'], folder.path, env);
    const { code } = await withDeadline(done.closed, 10_000, 'caddy reloads');
    if (code !== 0) throw new Error(`caddy reload: ${done.stderr()}`);
  };
  const url = `${isPlain ? 'http' : 'https'}://localhost:${ports.port}${path?.prefix ?? ''}`;
  const local = join(folder.path, 'data/caddy/pki/authorities/local/root.crt');
  const caPath = isPlain ? undefined : acme === undefined ? local : await acme.issuedBy();
  await waitForHealth(url, caPath, caddy, stop);
  return { url, caPath, log: caddy.stderr, reload, stop };
}
