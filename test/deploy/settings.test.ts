/** The relay starts with exactly the settings in the files of deploy/, except paths and ports. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { binaryPath } from '../harness/binary.ts';
import { type CapturedProcess, spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { readDeployed } from '../harness/proxies.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { listAllowedCalls, listCallsOf } from './system-calls.ts';
import { forTest } from '../harness/for-test.ts';

type Variables = Record<string, string>;

/** The ENV of the last stage of the Dockerfile. */
function readImage(): Variables {
  const env = /^ENV ((?:.*\\\n)*.*)$/m.exec(readDeployed('Dockerfile'))?.[1] ?? '';
  return Object.fromEntries(
    [...env.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

type Services = Record<string, { environment?: Variables }>;

/** The environment of a service, as compose sets it with .env.example as .env. */
function readCompose(name: string, service: string): Variables {
  const example = new Map(
    [...readDeployed('.env.example').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
      ([, key = '', value = '']) => [key, value],
    ),
  );
  const filled = readDeployed(name).replaceAll(
    /\$\{([A-Z0-9_]+)(?::-([^}]*))?\}/g,
    (_all, key: string, fallback = '') => JSON.stringify(example.get(key) || fallback).slice(1, -1),
  );
  const { services } = parse(filled, { merge: true }) as { services: Services };
  return Object.fromEntries(
    Object.entries(services[service]?.environment ?? {}).map(([key, value]) => [
      key,
      value === null ? '' : String(value),
    ]),
  );
}

type Workload = {
  kind: string;
  spec: { template?: { spec: { containers: { env: { name: string; value: string }[] }[] } } };
};

function readKubernetes(name: string): Variables {
  const workloads = parseAllDocuments(readDeployed(name)).map((one) => one.toJS() as Workload);
  const env = workloads.flatMap(({ spec }) => spec.template?.spec.containers[0]?.env ?? []);
  return Object.fromEntries(env.map(({ name: key, value }) => [key, value]));
}

function readService(): Variables {
  const lines = readDeployed('remotify.service').matchAll(/^Environment=([A-Z_]+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

const inCompose = () => ({ ...readImage(), ...readCompose('compose.yaml', 'relay') });

const rows: [title: string, settings: () => Variables][] = [
  ['Dockerfile', readImage],
  ['compose.yaml', inCompose],
  ['compose.cluster.yaml', () => ({ ...inCompose(), ...readCompose('compose.cluster.yaml', 'relay') })],
  ['kubernetes.yaml', () => ({ ...readImage(), ...readKubernetes('kubernetes.yaml') })],
  ['kubernetes-single.yaml', () => ({ ...readImage(), ...readKubernetes('kubernetes-single.yaml') })],
  ['remotify.service', readService],
];

/** Replaces paths of containers and of systemd by paths of the test, and a Redis URL by a memory store. */
async function place(settings: Variables): Promise<{ env: Variables; folder: string }> {
  const folder = await forTest(makeTemporaryFolder());
  const secrets = join(folder.path, 'secrets');
  await mkdir(secrets);
  await writeFile(join(secrets, 'token'), 'a-token\n');
  await writeFile(join(secrets, 'store'), 'memory:\n');
  const placed = Object.entries(settings).map(([name, value]) => [
    name,
    value
      .replace(/^(\/etc\/remotify|%d)\//, `${secrets}/`)
      .replace(/^\/var\/lib/, folder.path)
      .replace(/^redis:.*/, 'memory:')
      .replace(/^0\.0\.0\.0$/, '127.0.0.1')
      .replace(/^0\.0\.0\.0:9464$/, '127.0.0.1:0'),
  ]);
  return {
    env: { ...cleanEnvironment(folder.path), ...Object.fromEntries(placed), REMOTIFY_PORT: '0' },
    folder: folder.path,
  };
}

async function askForHealth(relay: CapturedProcess): Promise<{ status: number; url: string }> {
  onTestFinished(() => void relay.child.kill('SIGKILL'));
  const url = await eventually('the relay listens', 20_000, () => {
    if (!relay.isRunning()) throw new Error(relay.stderr());
    return /"url":"([^"]+)"/.exec(relay.stdout().toString())?.[1];
  });
  return { status: (await fetch(`${url}/api/health`)).status, url };
}

describe('settings', () => {
  test.each(rows)(
    '%s: the relay starts with these settings and prints no warning',
    async (_title, settings) => {
      const { env } = await place(settings());
      const relay = spawnCaptured(process.execPath, [binaryPath, 'serve', '--json'], { env });
      expect((await askForHealth(relay)).status).toBe(200);
      relay.child.kill('SIGTERM');
      expect((await withDeadline(relay.closed, 10_000, 'the relay ends')).code).toBe(0);
      expect(relay.stderr()).not.toMatch(/is not read|warning|hint/);
    },
  );
});

test('the image keeps sessions in the volume of compose.yaml', () => {
  const volume = `${readImage()['XDG_STATE_HOME']}/remotify`;
  expect(readDeployed('compose.yaml')).toContain(`sessions:${volume}\n`);
  expect(readDeployed('Dockerfile')).toContain(`/state ${volume}\n`);
});

const missing = ['strace', 'systemd-analyze'].filter((name) => findProgram(name) === undefined);

test.skipIf(missing.length > 0)(
  `remotify.service: the relay works with the system calls that it allows${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not installed)` : ''}`,
  async () => {
    const { env, folder } = await place({ ...readService(), XDG_STATE_HOME: '/var/lib' });
    delete env['REMOTIFY_STORE_FILE'];
    const allowed = await listAllowedCalls(readDeployed('remotify.service'));
    expect(allowed).toContain('epoll_wait');
    const trace = join(folder, 'trace');
    // V8 tries pkey_alloc to see whether the processor has memory protection keys, and works without them.
    const refused = ['-e', 'inject=pkey_alloc:error=EPERM'];
    // -D: the child process is the relay, not strace. Killing strace would leave the relay running.
    const relay = spawnCaptured(
      'strace',
      ['-D', '-f', '-qq', ...refused, '-o', trace, process.execPath, binaryPath, 'serve', '--json'],
      { env },
    );
    const { status, url } = await askForHealth(relay);
    expect(status).toBe(200);
    const made = await fetch(`${url}/api/session`, {
      method: 'POST',
      headers: { authorization: 'Bearer a-token' },
    });
    expect(made.status).toBe(201);
    const { key } = (await made.json()) as { key: string };
    expect((await fetch(`${url}/cmd-${key}`, { method: 'POST', body: 'true' })).status).toBe(201);
    const used = listCallsOf(readFileSync(trace, 'utf8'));
    expect(used).toContain('openat');
    expect(used.filter((call) => !allowed.includes(call) && call !== 'pkey_alloc')).toEqual([]);
  },
);
