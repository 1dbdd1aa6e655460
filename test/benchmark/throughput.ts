/**
 * Random bytes through `remotify exec` and through ssh to a local sshd, out of a command and into one, in interleaved rounds. Ratios are
 * to ssh of the same run. `tsx test/benchmark/throughput.ts [MiB] [rounds]`.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, closeSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { runCli } from '../harness/cli.ts';
import { withDeadline } from '../harness/deadline.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { quantile } from './figures.ts';
import { hasSshServer, startSshServer } from './ssh-server.ts';

const mib = Number(process.argv[2] ?? 128);
const rounds = Number(process.argv[3] ?? 3);

interface Contender {
  name: string;
  words: string[];
  /** Whether the bytes go into the command. */
  isInput: boolean;
  rates: number[];
}

/** The bytes that came out of it, counted and thrown away. */
async function countBytes(
  words: readonly string[],
  env: Record<string, string>,
  input?: string,
): Promise<number> {
  const file = input === undefined ? undefined : openSync(input, 'r');
  const child = spawn(words[0] ?? '', words.slice(1), { env, stdio: [file ?? 'ignore', 'pipe', 'inherit'] });
  let count = 0;
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    count += bytes.byteLength;
    if (input !== undefined) text += bytes.toString();
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (file !== undefined) closeSync(file);
  if (status !== 0) throw new Error(`${words.slice(0, 3).join(' ')} failed with ${status}`);
  return input === undefined ? count : Number(text);
}

const folder = await makeTemporaryFolder();
const file = join(folder.path, 'random');
for (let at = 0; at < mib; at++) await appendFile(file, randomBytes(1024 * 1024));
const relay = await startRelay();
const env = cleanEnvironment(folder.path, { REMOTIFY_CONFIG_DIR: folder.path });
const made = await runCli(['new', '--json', '--url', relay.url], { configDir: folder.path });
const payload = JSON.parse(made.stdout.toString()) as { remote_quickstart: string };
const listener = await startListener(asAuto(payload.remote_quickstart));
const ssh = hasSshServer() ? await startSshServer(folder.path) : undefined;
try {
  const remotify = [process.execPath, binaryPath, 'exec'];
  const contenders: Contender[] = [
    { name: 'exec, out', words: [...remotify, `cat '${file}'`], isInput: false, rates: [] },
    { name: 'exec, in', words: [...remotify, '-i', 'wc -c'], isInput: true, rates: [] },
  ];
  if (ssh)
    contenders.push(
      { name: 'ssh, out', words: [...ssh.client, `cat '${file}'`], isInput: false, rates: [] },
      { name: 'ssh, in', words: [...ssh.client, 'wc -c'], isInput: true, rates: [] },
    );
  for (let round = 0; round < rounds; round++) {
    for (const { name, words, isInput, rates } of contenders) {
      const began = performance.now();
      const count = await withDeadline(countBytes(words, env, isInput ? file : undefined), 300_000, name);
      if (count !== mib * 1024 * 1024) throw new Error(`${name}: ${count} bytes`);
      rates.push(mib / ((performance.now() - began) / 1000));
    }
  }
  process.stdout.write(`${mib} MiB of random bytes, ${rounds} rounds\n`);
  for (const { name, rates, isInput } of contenders) {
    const rate = quantile(rates, 0.5);
    const base = contenders.find((other) => other.name === (isInput ? 'ssh, in' : 'ssh, out'));
    const ratio = base ? `   × ${(rate / quantile(base.rates, 0.5)).toFixed(2)} of ssh` : '';
    process.stdout.write(`${name.padEnd(12)}${rate.toFixed(1).padStart(7)} MiB/s${ratio}\n`);
  }
} finally {
  ssh?.stop();
  await listener.stop();
  await relay.stop();
  await folder.remove();
}
