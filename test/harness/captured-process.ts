import { type ChildProcess, spawn } from 'node:child_process';

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type CapturedProcess = {
  child: ChildProcess;
  pid: number;
  /** All output so far. */
  stdout: () => Buffer;
  stderr: () => string;
  isRunning: () => boolean;
  /** Resolves when the process has exited. Never rejects: if the program cannot be started, the status is 127, as in a shell. */
  exited: Promise<Exit>;
  /** Resolves when the process has exited and its output is complete. Stays pending while a child process holds the pipes. */
  closed: Promise<Exit>;
  /** `performance.now()` of the first byte on stdout; undefined if there was none. */
  firstByteAt: () => number | undefined;
};

export type CaptureOptions = {
  env: Record<string, string>;
  /** Runs it in its own process group and terminal session, whose id is `pid`. */
  detached?: boolean;
  /** `open`: a pipe that the test writes through `child.stdin`. Undefined: /dev/null. */
  stdin?: { bytes: string | Uint8Array } | 'open' | undefined;
};

export function spawnCaptured(
  program: string,
  args: readonly string[],
  options: CaptureOptions,
): CapturedProcess {
  const child = spawn(program, args, {
    env: options.env,
    detached: options.detached ?? false,
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let firstByteAt: number | undefined;
  child.stdout?.on('data', (bytes: Buffer) => {
    firstByteAt ??= performance.now();
    stdout.push(bytes);
  });
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  // A program may exit before it has read its input: that is not an error.
  child.stdin?.on('error', () => {});
  if (typeof options.stdin === 'object') child.stdin?.end(options.stdin.bytes);

  const settled = (event: 'exit' | 'close') =>
    new Promise<Exit>((resolve) => {
      child.once(event, (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal }));
      child.once('error', (error) => {
        stderr.push(Buffer.from(`${error.message}\n`));
        resolve({ code: 127, signal: null });
      });
    });
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => Buffer.concat(stdout),
    stderr: () => Buffer.concat(stderr).toString('utf8'),
    isRunning: () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    exited: settled('exit'),
    closed: settled('close'),
    firstByteAt: () => firstByteAt,
  };
}
