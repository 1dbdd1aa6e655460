import { binaryPath } from './binary.ts';
import { type CapturedProcess, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { withDeadline } from './deadline.ts';

export type CliOptions = {
  /** Also HOME, so that the settings of the outer user are not read. */
  configDir: string;
  env?: Record<string, string>;
  /** Undefined: /dev/null. `open` (startCli): a pipe that the test writes through `child.stdin`. */
  stdin?: { bytes: string | Uint8Array } | 'open';
};

export type CliResult = { exitCode: number | null; stdout: Buffer; stderr: string };

/** Starts `remotify ARGS…` in the background; `stdout()` and `stderr()` return its output so far. */
export function startCli(args: readonly string[], options: CliOptions): CapturedProcess {
  const env = cleanEnvironment(options.configDir, { REMOTIFY_CONFIG_DIR: options.configDir, ...options.env });
  return spawnCaptured(process.execPath, [binaryPath, ...args], { env, stdin: options.stdin });
}

/** Runs `remotify ARGS…` and waits for its end. */
export async function runCli(
  args: readonly string[],
  options: Omit<CliOptions, 'stdin'> & { stdin?: string | Uint8Array; deadlineMs?: number },
): Promise<CliResult> {
  const { stdin, deadlineMs = 30_000, ...rest } = options;
  const cli = startCli(args, stdin === undefined ? rest : { ...rest, stdin: { bytes: stdin } });
  try {
    const { code } = await withDeadline(cli.closed, deadlineMs, `remotify ${args.join(' ').slice(0, 200)}`);
    return { exitCode: code, stdout: cli.stdout(), stderr: cli.stderr() };
  } finally {
    if (cli.isRunning()) cli.child.kill('SIGKILL');
  }
}
