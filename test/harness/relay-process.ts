import { binaryPath } from './binary.ts';
import { type Exit, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { withDeadline } from './deadline.ts';
import { isShareable, startSharedRelays } from './shared-relays.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type RelayOptions = {
  flags?: string[];
  env?: Record<string, string>;
  /** A store URL. Undefined: a folder of its own, which `stop` removes. */
  store?: string;
  /** 0, the default, lets the system choose; use the port of an earlier relay to restart it on the same port. */
  port?: number;
  /** A different build than the one under test, such as one that is broken on purpose. */
  binary?: string;
  /** How long the start may take, in milliseconds. */
  startMs?: number;
};

/** Throws if the log contains a key in any test. Keys are 32 hex digits; of session names logs show only eight. */
function checkNoKey(stderr: string): void {
  const word = /[0-9a-f]{32,}/i.exec(stderr)?.[0];
  if (word === undefined) return;
  const line = stderr.split('\n').find((text) => text.includes(word));
  throw new Error(`the relay's log contains a possible key, ${word}: ${line?.slice(0, 300)}`);
}

export type Relay = {
  url: string;
  port: number;
  pid: number;
  /** The URL of the metrics, with `--metrics`. */
  metrics: string | undefined;
  stdout: () => string;
  stderr: () => string;
  /** Sends the signal and waits for the end. Throws if the log contained a key, like `stop`. */
  kill: (signal: NodeJS.Signals) => Promise<Exit>;
  /** Stops it if it still runs, and cleans up. For `onTestFinished` and as the teardown of `beforeAll`. */
  stop: () => Promise<void>;
};

/**
 * Starts the real binary, without a rate limit unless the flags or the environment set one. If the test run is configured for Redis, a
 * call without a store and a port starts one or several relays on a Redis server of their own.
 */
export function startRelay(options: RelayOptions = {}): Promise<Relay> {
  return isShareable(options) ? startSharedRelays(options, startOne) : startOne(options);
}

/** Always starts one process. */
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
    // If the relay crashed, report its stderr: it explains more than the failures that follow. Drop Node's first line, minified code.
    const fault = isWanted && !relay.isRunning() ? relay.stderr().replaceAll(/^.{300,}$/gm, '…') : undefined;
    isWanted = false;
    if (relay.isRunning()) relay.child.kill('SIGTERM');
    await withDeadline(relay.exited, 8_000, 'the relay ends on SIGTERM').catch(() =>
      relay.child.kill('SIGKILL'),
    );
    await folder.remove();
    if (fault !== undefined) throw new Error(`the relay ended by itself: ${fault}`);
    await withDeadline(relay.closed, 5_000, 'the log of the relay is complete');
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
    const line = await withDeadline(announced, startMs, 'the relay prints its address');
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
