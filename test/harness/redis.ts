/** Starts a real redis-server on a free loopback port, with a folder of its own, and replicas of it. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { type CapturedProcess, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { eventually, withDeadline } from './deadline.ts';
import { findFreePort } from './free-port.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const program = 'redis-server';

/** For `describe.skipIf(!hasRedis)`, with `withoutRedis` in its title. */
export const hasRedis = spawnSync(program, ['--version']).status === 0;

/** For the titles of tests: empty if the server is installed. */
export const withoutRedis = hasRedis ? '' : ' (skipped: redis-server is not installed)';

export type RedisOptions = {
  flags?: string[];
  /** Keeps its data across a restart, in an append-only file. */
  appendOnly?: boolean;
  password?: string;
};

export type Redis = {
  url: string;
  port: number;
  /** The pid of the current process. */
  pid: () => number;
  /** Runs redis-cli and returns its output. */
  cli: (...args: string[]) => Promise<string>;
  /** Sends SIGTERM: the server writes its data and exits. */
  end: () => Promise<void>;
  kill: () => Promise<void>;
  /** Sends SIGSTOP: connections stay open, without answers. */
  pause: () => void;
  resume: () => void;
  /** Starts it again in the same folder and on the same port, after `end` or `kill`. */
  restart: () => Promise<void>;
  /** Kills it and removes its folder. For `onTestFinished`. */
  stop: () => Promise<void>;
};

/** Undefined if the port was taken. */
async function launch(
  folder: string,
  port: number,
  { flags = [], appendOnly = false, password }: RedisOptions,
): Promise<CapturedProcess | undefined> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const keeping = ['--appendonly', appendOnly ? 'yes' : 'no'];
  const secret = password === undefined ? [] : ['--requirepass', password, '--masterauth', password];
  const server = spawnCaptured(program, [...own, ...keeping, ...secret, ...flags], {
    env: cleanEnvironment(folder),
  });
  await eventually('the Redis server listens', 10_000, () => {
    return /Ready to accept connections/.test(server.stdout().toString()) || !server.isRunning();
  });
  if (server.isRunning()) return server;
  const log = server.stdout().toString() + server.stderr();
  if (/Address already in use|bind: /.test(log)) return undefined;
  throw new Error(`redis-server ended at once: ${log}`);
}

async function endProcess(server: CapturedProcess, signal: NodeJS.Signals): Promise<void> {
  if (!server.isRunning()) return;
  // A stopped process does not handle SIGTERM.
  server.child.kill('SIGCONT');
  server.child.kill(signal);
  await withDeadline(server.exited, 10_000, `the Redis server ends on ${signal}`);
}

export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const folder = await makeTemporaryFolder();
  const { password } = options;
  const launchAt = async (port: number): Promise<CapturedProcess> => {
    const started = await launch(folder.path, port, options);
    if (!started) throw new Error(`port ${port} is taken`);
    return started;
  };
  let port = 0;
  const server = await eventually('a port for the Redis server', 30_000, async () => {
    // redis-server does not accept port 0, and another process may take the free port first.
    port = await findFreePort();
    return launch(folder.path, port, options);
  });
  let current = server;
  const cli = async (...args: string[]): Promise<string> => {
    const env = cleanEnvironment(folder.path, password === undefined ? {} : { REDISCLI_AUTH: password });
    const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...args], {
      env,
      timeout: 20_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trimEnd();
  };
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    port,
    pid: () => current.pid,
    cli,
    end: () => endProcess(current, 'SIGTERM'),
    kill: () => endProcess(current, 'SIGKILL'),
    pause: () => void current.child.kill('SIGSTOP'),
    resume: () => void current.child.kill('SIGCONT'),
    restart: async () => {
      current = await launchAt(port);
    },
    stop: async () => {
      await endProcess(current, 'SIGKILL');
      await folder.remove();
    },
  };
}

/** Starts a replica; resolves when it has all data of the primary. */
export async function startReplica(primary: Redis, options: RedisOptions = {}): Promise<Redis> {
  const flags = ['--replicaof', `127.0.0.1 ${primary.port}`, '--repl-diskless-sync-delay', '0'];
  const replica = await startRedis({ ...options, flags: [...flags, ...(options.flags ?? [])] });
  await eventually('the replica is in sync', 20_000, async () => {
    return (await replica.cli('INFO', 'replication')).includes('master_link_status:up');
  });
  return replica;
}

/** Makes the replica a primary, which accepts writes. */
export async function promote(replica: Redis): Promise<void> {
  await replica.cli('REPLICAOF', 'NO', 'ONE');
}
