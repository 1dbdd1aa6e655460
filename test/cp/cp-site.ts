/** A client and a remote with a folder on each side, for tests of `remotify cp`. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CliResult } from '../harness/cli.ts';
import { type Client, makeClient, type RunOptions } from '../harness/client.ts';
import { type Listener, startListener } from '../harness/listener.ts';
import { waitForState } from '../harness/remote.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

export type CpResult = CliResult & { text: string };

/** What `--json` prints at the end of a copy. */
export type CpReport = {
  files: number;
  bytes: number;
  seconds: number;
  sha256?: string | null;
  verified: boolean;
  resumed_bytes: number;
};

/** A folder of the client and one of the remote. */
export type Pair = { here: string; there: string };

export type Site = Client & {
  /** The line that was pasted on the remote, in auto mode. */
  line: string;
  listener: Listener;
  makePair: () => Promise<Pair>;
  /** `remotify cp ARGS…`; it must end within the deadline, one minute by default. */
  cp: (args: readonly string[], options?: RunOptions) => Promise<CpResult>;
  /** Runs a copy that must succeed, and returns its report. */
  cpWell: (args: readonly string[], options?: RunOptions) => Promise<CpReport>;
  /** The names in the remote's TMPDIR, without the listener's own folder. */
  listSpool: () => Promise<string[]>;
  stop: () => Promise<void>;
};

export type SiteOptions = {
  /** Environment of the listener and all that it starts, such as another PATH. */
  env?: Record<string, string>;
  /** Changes the line to paste, such as to add a limit before it or to run it as another user. */
  change?: (line: string) => string;
};

export async function startSite(relay: { url: string }, options: SiteOptions = {}): Promise<Site> {
  const { env = {}, change = (line: string) => line } = options;
  const folder = await makeTemporaryFolder();
  const client = await makeClient(relay);
  const line = await client.makeSession('--auto');
  const listener = await startListener(change(line), env);
  const stop = async () => {
    await listener.stop();
    await client.remove();
    await folder.remove();
  };
  await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true).catch(
    async (error: unknown) => {
      const words = listener.output();
      await stop();
      throw new Error(words, { cause: error });
    },
  );
  let pairs = 0;
  const cp: Site['cp'] = (args, extra = {}) => client.run(['cp', ...args], { deadlineMs: 60_000, ...extra });
  return {
    ...client,
    line,
    listener,
    makePair: async () => {
      pairs += 1;
      const pair = { here: join(folder.path, `here-${pairs}`), there: join(folder.path, `there-${pairs}`) };
      await mkdir(pair.here);
      await mkdir(pair.there);
      return pair;
    },
    cp,
    cpWell: async (args, extra) => {
      const result = await cp(['--json', ...args], extra);
      expect(result, `${result.stderr}\n${result.text}`).toMatchObject({ exitCode: 0 });
      return JSON.parse(result.text) as CpReport;
    },
    listSpool: async () => {
      const names = await readdir(listener.temporaryFolder);
      return names.filter((name) => !/^remotify\.\w{10}$/.test(name));
    },
    stop,
  };
}

/** Expects a file error: exit status 1, the file in the message, and nothing that looks like a crash. */
export function expectFileError({ exitCode, text, stderr }: CpResult, words: RegExp, status = 1): void {
  expect(stderr).toMatch(words);
  expect(stderr).toMatch(/^remotify: error: .+/m);
  expect(stderr).not.toMatch(/^ +at |\.cjs|\.ts\b|node:internal|TypeError|this looks like a bug/m);
  expect(stderr).not.toMatch(/[0-9a-f]{32}(?![0-9a-f]{32})/i);
  expect(text).toBe('');
  expect(exitCode).toBe(status);
}

export async function writeFiles(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}

/** A site with its own relay, which ends with the site. */
export async function startSiteWithRelay(): Promise<Site> {
  const relay = await startRelay();
  const site = await startSite(relay);
  const stop = async () => {
    await site.stop();
    await relay.stop();
  };
  return { ...site, stop };
}
