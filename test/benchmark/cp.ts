/**
 * One large file of random bytes up and down: `remotify cp` beside scp to a local sshd, in alternating rounds of one run; both
 * relay and sshd are on loopback. The ratio is the rate of remotify by that of scp. `tsx test/benchmark/cp.ts [rounds] [MiB]`.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile, mebi, writeSeededFile } from '../cp/seeded-file.ts';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { runCli } from '../harness/cli.ts';
import { withDeadline } from '../harness/deadline.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { quantile } from './figures.ts';
import { hasSshServer, startSshServer } from './ssh-server.ts';

const rounds = Number(process.argv[2] ?? 5);
const size = Number(process.argv[3] ?? 128) * mebi;
const wantedRatio = 0.3;

interface Contender {
  name: string;
  words: string[];
  /** MB/s of each round. */
  rates: number[];
}

function runOnce(words: readonly string[], env: Record<string, string>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(words[0] ?? '', words.slice(1), { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

const folder = await makeTemporaryFolder();
const relay = await startRelay();
const env = cleanEnvironment(folder.path, { REMOTIFY_CONFIG_DIR: folder.path });
const made = await runCli(['new', '--json', '--url', relay.url], { configDir: folder.path });
const { remote_quickstart: line } = JSON.parse(made.stdout.toString()) as { remote_quickstart: string };
const listener = await startListener(asAuto(line));
const ssh = hasSshServer() ? await startSshServer(folder.path) : undefined;
try {
  const source = join(folder.path, 'source');
  const target = join(folder.path, 'target');
  const sha256 = await writeSeededFile(source, size);
  const remotify = [process.execPath, binaryPath, 'cp', '-q'];
  const contenders: Contender[] = [
    ['cp up', [...remotify, source, `:${target}`]],
    ...(ssh ? [['scp up', [...ssh.copier, source, `127.0.0.1:${target}`]]] : []),
    ['cp down', [...remotify, `:${source}`, target]],
    ...(ssh ? [['scp down', [...ssh.copier, `127.0.0.1:${source}`, target]]] : []),
  ].map(([name, words]) => ({ name: name as string, words: words as string[], rates: [] }));
  // The first round warms the caches of the disk up.
  for (let round = -1; round < rounds; round++) {
    for (const { name, words, rates } of contenders) {
      await rm(target, { force: true });
      const began = performance.now();
      const status = await withDeadline(runOnce(words, env), 300_000, name);
      const seconds = (performance.now() - began) / 1000;
      if (status !== 0) throw new Error(`${name} failed with ${status}`);
      if ((await hashFile(target)) !== sha256) throw new Error(`${name}: other bytes arrived`);
      if (round >= 0) rates.push(size / 1e6 / seconds);
    }
  }
  const median = (name: string): number =>
    quantile(contenders.find((one) => one.name === name)?.rates ?? [], 0.5);
  process.stdout.write(`${size / mebi} MiB, ${rounds} rounds, node ${process.version}\n`);
  for (const { name, rates } of contenders) {
    const [least, most] = [Math.min(...rates).toFixed(1), Math.max(...rates).toFixed(1)];
    process.stdout.write(
      `${name.padEnd(12)}${median(name).toFixed(1).padStart(8)} MB/s   (${least} to ${most})\n`,
    );
  }
  for (const way of ssh ? ['up', 'down'] : []) {
    const ratio = median(`cp ${way}`) / median(`scp ${way}`);
    process.stdout.write(
      `cp / scp ${way.padEnd(6)}${ratio.toFixed(2).padStart(5)}   (wanted: ${wantedRatio} or more)\n`,
    );
  }
} finally {
  ssh?.stop();
  await listener.stop();
  await relay.stop();
  await folder.remove();
}
