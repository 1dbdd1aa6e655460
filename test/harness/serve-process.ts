import { binaryPath } from './binary.ts';
import { type CapturedProcess, type Exit, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { eventually, withDeadline } from './deadline.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type ServeProcess = {
  /** What it printed as `url`. */
  place: string;
  pid: number;
  stderr: () => string;
  kill: (signal: NodeJS.Signals) => Promise<Exit>;
  /** For `onTestFinished`. */
  stop: () => Promise<void>;
};

type ServeOptions = {
  env?: Record<string, string>;
  /** Words before those of node, such as a program that runs the others. */
  before?: readonly string[];
  /** A store URL; memory unless it is given. Undefined leaves it to the environment. */
  store?: string | undefined;
};

/** The words and the environment of `remotify serve` wherever the flags say; it has no rate limit unless they say otherwise. */
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

/** `startRelay` for one that is not told an address and a port. Rejects with its stderr when it ends instead. */
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
    const line = await withDeadline(announced, 20_000, 'the relay says where it listens');
    // Written after the line on stdout, and by another pipe.
    if (!flags.includes('--quiet'))
      await eventually('it has said what is next', 5_000, () => /next: /.test(relay.stderr()));
    const { url } = JSON.parse(line) as { url: string };
    return { place: url, pid: relay.pid, stderr: relay.stderr, kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
