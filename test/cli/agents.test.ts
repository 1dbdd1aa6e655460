import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../harness/cli.ts';
import { makeOldCurl, type OldCurl } from '../harness/old-curl.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { asAuto, type Listener, startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';

// Every line that `remotify agents` teaches for a remotify relay is run, in order, by a shell with an old curl and nothing else.
// agents-slots.test.ts has the part for legacy relays.

let relay: Relay;
let home: TemporaryFolder;
let oldCurl: OldCurl;
let listener: Listener | undefined;
let lines: string[];
const outputs = new Map<string, string>();

async function runLine(line: string): Promise<string> {
  const shell = spawnCaptured('bash', ['-euo', 'pipefail', '-c', line], {
    env: cleanEnvironment(home.path, { PATH: oldCurl.path }),
  });
  const { code } = await withDeadline(shell.closed, 40_000, line);
  const output = shell.stdout().toString('utf8');
  if (code !== 0) throw new Error(`status ${code}: ${line}\n${output}${shell.stderr()}`);
  return output;
}

/** The output of the one line that holds this. */
function outputOf(part: string): string {
  const found = lines.filter((line) => line.includes(part));
  expect(found, part).toHaveLength(1);
  return outputs.get(found[0] ?? '') ?? '';
}

beforeAll(async () => {
  relay = await startRelay();
  home = await makeTemporaryFolder();
  oldCurl = await makeOldCurl();
  const { stdout } = await runCli(['agents', '--url', relay.url], { configDir: home.path });
  const [text = ''] = stdout.toString('utf8').split('## On a legacy relay');
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block);
  lines = blocks.flatMap((block) => block.trimEnd().split('\n'));
  for (const line of lines) {
    outputs.set(line, await runLine(line));
    if (!line.includes('remote_quickstart')) continue;
    listener = await startListener(asAuto((outputs.get(line) ?? '').trimEnd()));
    await eventually('the listener is attached', 15_000, async () =>
      (await runLine(`curl -q -fsS -K ~/.remotify/auth ${relay.url}/api/session/self/status`)).includes(
        '"attached": true',
      ),
    );
  }
  return async () => {
    await listener?.stop();
    await relay.stop();
    await home.remove();
    await oldCurl.remove();
  };
}, 120_000);

describe('remotify agents', () => {
  test('has lines, and none of them needs more than curl and what every shell has', () => {
    expect(lines.length).toBeGreaterThan(12);
    const programs = lines.flatMap((line) =>
      line.split(/\s(?:&&|\|\|?)\s/).map((part) => part.trim().split(' ')[0]),
    );
    expect(new Set(programs)).toEqual(new Set(['umask', 'mkdir', 'curl', 'sed', 'grep', 'printf', 'echo']));
  });

  test('the address of the relay is in it, and no placeholder is left', () => {
    expect(lines.join('\n')).toContain(relay.url);
    expect(lines.join('\n')).not.toContain('{url}');
  });

  test('no key is printed, or in an argument', () => {
    const key = /\b[0-9a-f]{32}\b/;
    for (const [line, output] of outputs)
      if (!line.includes('remote_quickstart')) expect(output, line).not.toMatch(key);
    expect(lines.join('\n')).not.toMatch(/Bearer [^\\]/);
  });

  test('curl 7.29 knows all that it is told', async () => {
    const { runs, unknown } = await oldCurl.read();
    expect(unknown).toEqual([]);
    expect(runs).toBeGreaterThan(12);
  });

  test('names the kind of the relay', () => {
    expect(outputOf('a legacy relay')).toBe('a remotify relay\n');
  });

  test('sees the listener', () => {
    expect(outputOf('/self/status')).toContain('"attached": true');
  });

  test('pushes by a name, waits, and reads status and output', () => {
    expect(outputOf('look-around-1')).toContain('"id": "c1"');
    expect(outputOf('commands/c1?wait=25')).toMatch(/"state": "finished",\n\s+"exit_status": 3/);
    expect(outputOf('stream=stdout&offset=0')).toMatch(/^Linux\n[^]*\btmp\n/);
    expect(outputOf('stream=stderr')).toBe('');
    expect(outputOf('grep -n')).toMatch(/^\d+:tmp$/m);
  });

  test('pushes a script with a limit, and stops what is too long', () => {
    expect(outputOf('commands?timeout=60')).toContain('"id": "c2"');
    expect(outputOf('long-1')).toContain('"id": "c3"');
    expect(outputOf('commands/c3?signal=TERM')).toMatch(/"outcome": "(signalled|cancelled)"/);
  });

  test('looks back, resets, ends', async () => {
    const [list] = lines.filter((line) => line.endsWith('/self/commands') && !line.includes('--data'));
    expect(outputs.get(list ?? '')).toContain('"id": "c3"');
    expect(outputOf('/self/reset')).toContain('"reset": true');
    await eventually('the listener ends with its session', 15_000, () => listener?.isRunning() === false);
  });

  test('says nothing of another way to the machine', async () => {
    const folder = await makeTemporaryFolder();
    onTestFinished(folder.remove);
    const { stdout } = await runCli(['agents'], { configDir: folder.path });
    expect(stdout.toString('utf8')).not.toMatch(/\bssh\b/i);
    expect(stdout.toString('utf8')).toContain('https://remotify.run/api/session');
  });
});
