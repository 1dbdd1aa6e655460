/** Where the examples of the documents run: a relay, a session `prod` with a listener, the files and programs that the examples name. */
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** Programs that examples call and that this machine may not have, or must not run. */
const programs: Record<string, string> = {
  systemctl: 'echo "$*: done"',
  'long-job': 'echo done',
  make: 'echo made',
  claude: 'echo "$*"',
};

/** Files that examples read, below the folder of the site: `srv` is its /srv. */
const files: Record<string, string> = {
  'here/deploy.sh': '#!/bin/bash\necho "deployed $1"\n',
  'here/notes': 'one line\n',
  'here/public/index.html': '<p>hello</p>\n',
  'there/deploy.sh': '#!/bin/bash\necho "deployed $1"\n',
  'there/notes': 'a note\n',
  'srv/my log': 'a b\nc\na b\n',
  'srv/app/report.xml': '<report/>\n',
  'srv/www/old.html': '<p>old</p>\n',
  'var/log/syslog': 'a line\n',
  'etc/nginx/nginx.conf': 'events {}\n',
  'home/notes.txt': 'a note\n',
};

async function writeProgram(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/bash\n${text}\n`);
  await chmod(path, 0o755);
}

export interface ExampleSite {
  /** Runs one line of an example in bash, in its own copy of the settings and of the local folder. Resolves with status and output. */
  run: (line: string, options?: RunOptions) => Promise<{ code: number | null; output: string }>;
  stop: () => Promise<void>;
}

export interface RunOptions {
  /** A session `prod` of its own, without a listener: for examples that end it. */
  isOwnSession?: boolean;
  /** Settings without a session. */
  isNew?: boolean;
  /** A command that runs meanwhile; its id replaces `c7`. */
  isBusy?: boolean;
  /** The program runs until it is ended: it counts as done once its output has this text. */
  until?: string;
  /** A file that will have the line to paste, which a listener then runs. */
  paste?: string;
  shell?: string;
}

/** Addresses and paths of an example, as they are here. */
function localize(line: string, root: string, url: string): string {
  return line
    .replaceAll(/https:\/\/relay\.example|http:\/\/127\.0\.0\.1:8080/g, url)
    .replaceAll(/(?<![\w.~])\/(srv|var\/log|etc\/nginx)\b/g, `${root}/$1`)
    .replaceAll(':~/', `:${root}/home/`)
    .replaceAll('unix:/run/remotify.sock', `unix:${root}/relay.sock`)
    .replaceAll(/--port \d+/g, '--port 0');
}

export async function startExampleSite(): Promise<ExampleSite> {
  const relay = await startRelay();
  const folder = await makeTemporaryFolder();
  const root = folder.path;
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
    if (name.endsWith('.sh')) await chmod(join(root, name), 0o755);
  }
  const bin = join(root, 'bin');
  await writeProgram(join(bin, 'remotify'), `exec '${process.execPath}' '${binaryPath}' "$@"`);
  for (const [name, text] of Object.entries(programs)) await writeProgram(join(bin, name), text);
  const path = `${bin}:${process.env['PATH']}`;
  const client = await makeClient(relay);
  const line = await client.makeSession('--name', 'prod', '--auto');
  const listener = await startListener(`cd '${join(root, 'there')}' && ${line}`, { PATH: path });
  await waitForState(client, 'the listener is attached', ({ listener: one }) => one?.attached === true);
  for (let nth = 1; nth <= 7; nth++) await client.run(['exec', `echo output ${nth}`]);
  const tar = spawnCaptured('tar', ['czf', join(root, 'here/site.tgz'), '-C', join(root, 'here'), 'public'], {
    env: cleanEnvironment(root),
  });
  await withDeadline(tar.closed, 10_000, 'tar');
  let number = 0;

  const run: ExampleSite['run'] = async (example, options = {}) => {
    number++;
    const here = join(root, `run-${number}`);
    await cp(join(root, 'here'), here, { recursive: true });
    const home = join(root, `home-${number}`);
    await mkdir(join(home, '.codex'), { recursive: true });
    let own = client;
    if (options.isOwnSession) {
      own = await makeClient(relay);
      onTestFinished(own.remove);
      await own.makeSession('--name', 'prod');
    }
    const configDir = join(root, `config-${number}`);
    if (options.isNew !== true) await cp(own.configDir, configDir, { recursive: true });
    const env = cleanEnvironment(home, {
      PATH: path,
      REMOTIFY_CONFIG_DIR: configDir,
      REMOTIFY_URL: relay.url,
      REMOTIFY_PORT: '0',
      REMOTIFY_STORE: `file:${join(root, `store-${number}`)}`,
      VERSION: '1.2.3',
      ...(/\bcompletion zsh\b/.test(example) && { fpath: here }),
    });
    let text = localize(example, root, relay.url);
    if (options.isBusy) {
      const { text: id } = await client.run(['exec', '-d', 'sleep 60']);
      onTestFinished(async () => void (await client.run(['cancel', id.trim(), '--signal', 'KILL'])));
      await waitForState(client, 'it runs', ({ commands }) => commands.at(-1)?.state === 'running');
      text = text.replaceAll(/\bc7\b/g, id.trim());
    }
    const shell = spawnCaptured(options.shell ?? 'bash', ['-c', `cd "$1" && ${text}`, 'example', here], {
      env,
      detached: true,
    });
    onTestFinished(() => {
      if (shell.isRunning()) process.kill(-shell.pid, 'SIGKILL');
    });
    const output = (): string => shell.stdout().toString('utf8') + shell.stderr();
    if (options.paste !== undefined) {
      const pasted = await eventually('the line to paste is there', 15_000, async () => {
        const found = (await readFile(join(here, options.paste ?? ''), 'utf8')).trim();
        if (found === '') throw new Error(output());
        return found;
      });
      await forTest(startListener(pasted));
    }
    if (options.until !== undefined) {
      const { until } = options;
      await eventually(`it prints ${until}`, 20_000, () => {
        if (!output().includes(until)) throw new Error(output());
        return true;
      });
      process.kill(-shell.pid, 'SIGINT');
    }
    const { code } = await withDeadline(shell.closed, 40_000, `the example ends: ${example}`);
    return { code, output: output() };
  };
  return {
    run,
    stop: async () => {
      await listener.stop();
      await client.remove();
      await relay.stop();
      await folder.remove();
    },
  };
}
