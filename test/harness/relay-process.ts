import { binaryPath } from './binary.ts';
import { type Exit, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { withDeadline } from './deadline.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type RelayOptions = {
  flags?: string[];
  env?: Record<string, string>;
  /** A store URL. Without one: a folder of its own, removed by `stop`. */
  store?: string;
  /** 0, the default, lets the system choose; a number from an earlier relay restarts it in the same place. */
  port?: number;
  /** Another build than the one under test: one that is broken on purpose. */
  binary?: string;
};

export type Relay = {
  url: string;
  port: number;
  pid: number;
  stdout: () => string;
  stderr: () => string;
  /** Sends the signal and waits for the end. */
  kill: (signal: NodeJS.Signals) => Promise<Exit>;
  /** Ends it if it still runs, and cleans up. For `onTestFinished` and as the teardown of `beforeAll`. */
  stop: () => Promise<void>;
};

/** The real binary. It has no rate limit unless the flags or the environment ask for one. */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { flags = [], env = {}, port = 0, binary = binaryPath } = options;
  const folder = await makeTemporaryFolder();
  const limited = flags.includes('--rate-limit') || 'RATE_LIMIT' in env;
  const own = ['--host', '127.0.0.1', '--port', String(port), '--json'];
  const store = options.store ?? `file:${folder.path}/store`;
  const rateLimit = limited ? [] : ['--rate-limit', '0'];
  const args = [binary, 'serve', ...own, '--store', store, ...rateLimit, ...flags];
  const relay = spawnCaptured(process.execPath, args, { env: cleanEnvironment(folder.path, env) });

  let isWanted = true;
  const kill = async (signal: NodeJS.Signals) => {
    isWanted = false;
    relay.child.kill(signal);
    return withDeadline(relay.closed, 10_000, `the relay ends on ${signal}`);
  };
  const stop = async () => {
    // Whatever failed because of it says less than this. Node's first line is a whole chunk of minified code.
    const fault = isWanted && !relay.isRunning() ? relay.stderr().replaceAll(/^.{300,}$/gm, '…') : undefined;
    isWanted = false;
    if (relay.isRunning()) relay.child.kill('SIGTERM');
    await withDeadline(relay.exited, 8_000, 'the relay ends on SIGTERM').catch(() =>
      relay.child.kill('SIGKILL'),
    );
    await folder.remove();
    if (fault !== undefined) throw new Error(`the relay ended by itself: ${fault}`);
  };

  const announced = new Promise<string>((resolve, reject) => {
    relay.child.stdout?.on('data', () => {
      const [line, rest] = relay.stdout().toString('utf8').split('\n');
      if (line !== undefined && rest !== undefined) resolve(line);
    });
    void relay.closed.then(() => reject(new Error(`the relay ended before it listened: ${relay.stderr()}`)));
  });
  try {
    const line = await withDeadline(announced, 9_000, 'the relay says where it listens');
    const { url } = JSON.parse(line) as { url: string };
    const stdout = () => relay.stdout().toString('utf8');
    return { url, port: Number(new URL(url).port), pid: relay.pid, stdout, stderr: relay.stderr, kill, stop };
  } catch (error) {
    isWanted = false;
    await stop();
    throw error;
  }
}
