import { binaryPath } from './binary.ts';
import { type Exit, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { withDeadline } from './deadline.ts';
import { isShareable, startSharedRelays } from './shared-relays.ts';
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
  /** How long the start may take, in milliseconds. */
  startMs?: number;
};

/** Keys are 32 hex digits, and of a session's name the logs show eight: so long a word is a leak, whichever test runs. */
function checkNoKey(stderr: string): void {
  const word = /[0-9a-f]{32,}/i.exec(stderr)?.[0];
  if (word === undefined) return;
  const line = stderr.split('\n').find((text) => text.includes(word));
  throw new Error(`the relay's log holds what may be a key, ${word}: ${line?.slice(0, 300)}`);
}

export type Relay = {
  url: string;
  port: number;
  pid: number;
  /** Where Prometheus reads, with `--metrics`. */
  metrics: string | undefined;
  stdout: () => string;
  stderr: () => string;
  /** Sends the signal and waits for the end. Throws when the log held a key, as `stop` does. */
  kill: (signal: NodeJS.Signals) => Promise<Exit>;
  /** Ends it if it still runs, and cleans up. For `onTestFinished` and as the teardown of `beforeAll`. */
  stop: () => Promise<void>;
};

/**
 * The real binary. It has no rate limit unless the flags or the environment ask for one. Where the run of the tests asks for it, a relay
 * for which nothing says where it keeps its sessions is one, or several, on a Redis of their own.
 */
export function startRelay(options: RelayOptions = {}): Promise<Relay> {
  return isShareable(options) ? startSharedRelays(options, startOne) : startOne(options);
}

/** One process, whatever the run of the tests asks for. */
async function startOne(options: RelayOptions): Promise<Relay> {
  const { flags = [], env = {}, port = 0, binary = binaryPath, startMs = 9_000 } = options;
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
    const exit = await withDeadline(relay.closed, 10_000, `the relay ends on ${signal}`);
    checkNoKey(relay.stderr());
    return exit;
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
    await withDeadline(relay.closed, 5_000, 'the last of its log is here');
    checkNoKey(relay.stderr());
  };

  const announced = new Promise<string>((resolve, reject) => {
    relay.child.stdout?.on('data', () => {
      const [line, rest] = relay.stdout().toString('utf8').split('\n');
      // A relay that does not start prints an error there, and ends.
      if (line?.startsWith('{"url"') && rest !== undefined) resolve(line);
    });
    void relay.closed.then(() => reject(new Error(`the relay ended before it listened: ${relay.stderr()}`)));
  });
  try {
    const line = await withDeadline(announced, startMs, 'the relay says where it listens');
    const { url, metrics } = JSON.parse(line) as { url: string; metrics?: string };
    const stdout = () => relay.stdout().toString('utf8');
    const place = { url, port: Number(new URL(url).port), metrics };
    return { ...place, pid: relay.pid, stdout, stderr: relay.stderr, kill, stop };
  } catch (error) {
    isWanted = false;
    await stop();
    throw error;
  }
}
