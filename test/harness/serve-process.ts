import { binaryPath } from './binary.ts';
import { type CapturedProcess, type Exit, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { eventually, withDeadline } from './deadline.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type ServeProcess = {
  /** The `url` that it printed. */
  place: string;
  pid: number;
  stderr: () => string;
  kill: (signal: NodeJS.Signals) => Promise<Exit>;
  /** For `onTestFinished`. */
  stop: () => Promise<void>;
};

type ServeOptions = {
  env?: Record<string, string>;
  /** Words before `node`, such as a program that runs the rest of the command line. */
  before?: readonly string[];
  /** A store URL; a memory store by default. An explicit undefined leaves it to the environment. */
  store?: string | undefined;
};

/** Spawns `remotify serve` with these flags, without a rate limit unless they set one. */
export function spawnServe(
  home: string,
  flags: readonly string[],
  { env = {}, before = [], ...rest }: ServeOptions = {},
): CapturedProcess {
  const store = 'store' in rest ? rest.store : 'memory:';
  const rate = flags.includes('--rate-limit') ? [] : ['--rate-limit', '0'];
  const own = ['serve', '--json', ...(store === undefined ? [] : ['--store', store]), ...rate];
  const [program = '', ...words] = [...before, process.execPath, binaryPath, ...own, ...flags];
  return spawnCaptured(program, words, { env: cleanEnvironment(home, env) });
}

/** Like `startRelay`, but does not set the address and port. Rejects with the stderr of a relay that ends instead. */
export async function startServe(
  flags: readonly string[],
  options: ServeOptions = {},
): Promise<ServeProcess> {
  const folder = await makeTemporaryFolder();
  const relay = spawnServe(folder.path, flags, options);
  const kill = async (signal: NodeJS.Signals): Promise<Exit> => {
    if (relay.isRunning()) relay.child.kill(signal);
    return withDeadline(relay.closed, 15_000, `the relay ends on ${signal}`);
  };
  const stop = async (): Promise<void> => {
    if (relay.isRunning()) relay.child.kill('SIGCONT');
    await kill('SIGTERM').catch(() => relay.child.kill('SIGKILL'));
    await folder.remove();
  };
  const announced = new Promise<string>((resolve, reject) => {
    relay.child.stdout?.on('data', () => {
      const [line, rest] = relay.stdout().toString('utf8').split('\n');
      // A relay that does not start prints an error there, and ends.
      if (line?.startsWith('{"url"') && rest !== undefined) resolve(line);
    });
    void relay.closed.then(() => reject(new Error(relay.stderr())));
  });
  try {
    const line = await withDeadline(announced, 20_000, 'the relay prints its address');
    // Written after the line on stdout, and through another pipe.
    if (!flags.includes('--quiet'))
      await eventually('the relay has printed "next: "', 5_000, () => /next: /.test(relay.stderr()));
    const { url } = JSON.parse(line) as { url: string };
    return { place: url, pid: relay.pid, stderr: relay.stderr, kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
