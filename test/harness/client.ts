import type { CapturedProcess } from './captured-process.ts';
import { type CliResult, runCli, startCli } from './cli.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type RunOptions = { env?: Record<string, string>; stdin?: string | Uint8Array; deadlineMs?: number };

/** Runs the CLI like a user: with a folder for settings, and the URL of a relay in the environment. */
export type Client = {
  configDir: string;
  /** `text` is stdout as UTF-8. */
  run: (args: readonly string[], options?: RunOptions) => Promise<CliResult & { text: string }>;
  /** In the background. */
  start: (args: readonly string[], env?: Record<string, string>) => CapturedProcess;
  /** Runs `remotify new ARGS…`; returns the line that it printed. */
  makeSession: (...args: string[]) => Promise<string>;
  /** `remotify ARGS… --json`, parsed. */
  runJson: <T = Record<string, unknown>>(...args: string[]) => Promise<T>;
  remove: () => Promise<void>;
};

/** The caller removes it: `onTestFinished(client.remove)`. */
export async function makeClient(relay: { url: string }): Promise<Client> {
  const folder = await makeTemporaryFolder();
  const env = { REMOTIFY_URL: relay.url };
  const run: Client['run'] = async (args, options = {}) => {
    const { env: extra = {}, ...rest } = options;
    const result = await runCli(args, { configDir: folder.path, ...rest, env: { ...env, ...extra } });
    return { ...result, text: result.stdout.toString('utf8') };
  };
  const runWell = async (args: string[]): Promise<string> => {
    const { exitCode, text, stderr } = await run(args);
    if (exitCode !== 0) throw new Error(`remotify ${args.join(' ')}: ${exitCode}\n${stderr}`);
    return text;
  };
  return {
    configDir: folder.path,
    run,
    start: (args, extra = {}) => startCli(args, { configDir: folder.path, env: { ...env, ...extra } }),
    makeSession: async (...args) => (await runWell(['new', ...args])).trimEnd(),
    runJson: async <T>(...args: string[]) => JSON.parse(await runWell([...args, '--json'])) as T,
    remove: folder.remove,
  };
}
