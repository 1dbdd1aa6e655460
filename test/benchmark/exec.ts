/**
 * `remotify exec true` on a warm listener against a bare node, the seed's curl recipe on the same relay, and ssh to a local sshd.
 * Interleaved rounds of one run; ratios are to the bare node of the same rounds. And how long the first line of a command that
 * goes on takes to arrive, from the start of `remotify exec` and of ssh. `npm run bench [rounds]`.
 */
import { spawn } from 'node:child_process';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { runCli } from '../harness/cli.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { quantile, report } from './figures.ts';
import { hasSshServer, startSshServer } from './ssh-server.ts';

const rounds = Number(process.argv[2] ?? 60);
const warmUpRounds = 5;

interface Contender {
  name: string;
  words: string[];
  times: number[];
}

/** Not spawnSync: the listener's screen is a pipe that this process must go on reading. */
function runOnce(words: readonly string[], env: Record<string, string>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(words[0] ?? '', words.slice(1), { env, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

async function measure(contenders: readonly Contender[], env: Record<string, string>): Promise<void> {
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const { name, words, times } of contenders) {
      const began = performance.now();
      const status = await withDeadline(runOnce(words, env), 30_000, name);
      if (status !== 0) throw new Error(`${name} failed with ${status}`);
      if (round >= 0) times.push(performance.now() - began);
    }
  }
}

/** Until the first byte is here; then it is ended. */
async function timeFirstByte(words: readonly string[], env: Record<string, string>): Promise<number> {
  const began = performance.now();
  const run = spawnCaptured(words[0] ?? '', words.slice(1), { env });
  const first = new Promise<number>((resolve) =>
    run.child.stdout?.once('data', () => resolve(performance.now())),
  );
  const took = (await withDeadline(first, 30_000, 'the first line')) - began;
  await withDeadline(run.closed, 30_000, 'the last line');
  return took;
}

const folder = await makeTemporaryFolder();
const relay = await startRelay();
const env = cleanEnvironment(folder.path, { REMOTIFY_CONFIG_DIR: folder.path });
const made = await runCli(['new', '--json', '--url', relay.url], { configDir: folder.path });
const payload = JSON.parse(made.stdout.toString()) as { remote_quickstart: string; exec: string };
const listener = await startListener(asAuto(payload.remote_quickstart));
const ssh = hasSshServer() ? await startSshServer(folder.path) : undefined;
try {
  const remotify = [process.execPath, binaryPath];
  const contenders: Contender[] = [
    ['node -e 0', [process.execPath, '-e', '0']],
    ['remotify --version', [...remotify, '--version']],
    ['remotify --help', [...remotify, '--help']],
    ['remotify exec true', [...remotify, 'exec', 'true']],
    ['the curl recipe', ['bash', '-c', payload.exec.replace('COMMAND', 'true')]],
    ...(ssh ? [['ssh 127.0.0.1 true', [...ssh.client, 'true']]] : []),
  ].map(([name, words]) => ({ name: name as string, words: words as string[], times: [] }));
  await measure(contenders, env);
  const base = quantile(contenders[0]?.times ?? [], 0.5);
  process.stdout.write(`${'node'.padEnd(28)}${process.version}, ${rounds} rounds\n`);
  for (const { name, times } of contenders) report(name, times, base);
  const slow = 'echo first; sleep 1; echo last';
  const firsts = new Map<string, number[]>();
  for (let round = 0; round < Math.ceil(rounds / 10); round++) {
    for (const [name, words] of [
      ['first line of exec', [...remotify, 'exec', slow]],
      ...(ssh ? [['first line of ssh', [...ssh.client, slow]]] : []),
    ] as [string, string[]][])
      firsts.set(name, [...(firsts.get(name) ?? []), await timeFirstByte(words, env)]);
  }
  for (const [name, times] of firsts) report(name, times, base);
} finally {
  ssh?.stop();
  await listener.stop();
  await relay.stop();
  await folder.remove();
}
