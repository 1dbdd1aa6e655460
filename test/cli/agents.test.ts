import { beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../harness/cli.ts';
import { makeOldCurl, type OldCurl } from '../harness/old-curl.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { asAuto, type Listener, startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// Runs every line of `remotify agents` for a remotify relay, in order, in a shell with an old curl and nothing else.
// agents-slots.test.ts tests the part for legacy relays.

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

/** The output of the only line that contains `part`. */
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
  test('the lines need only curl and standard programs', () => {
    expect(lines.length).toBeGreaterThan(12);
    const programs = lines.flatMap((line) =>
      line.split(/\s(?:&&|\|\|?)\s/).map((part) => part.trim().split(' ')[0]),
    );
    expect(new Set(programs)).toEqual(new Set(['umask', 'mkdir', 'curl', 'sed', 'grep', 'printf', 'echo']));
  });

  test('the text contains the address of the relay, and no placeholder', () => {
    expect(lines.join('\n')).toContain(relay.url);
    expect(lines.join('\n')).not.toContain('{url}');
  });

  test('no line prints a key or has one in an argument', () => {
    const key = /\b[0-9a-f]{32}\b/;
    for (const [line, output] of outputs)
      if (!line.includes('remote_quickstart')) expect(output, line).not.toMatch(key);
    expect(lines.join('\n')).not.toMatch(/Bearer [^\\]/);
  });

  test('curl 7.29 knows every option in the lines', async () => {
    const { runs, unknown } = await oldCurl.read();
    expect(unknown).toEqual([]);
    expect(runs).toBeGreaterThan(12);
  });

  test('a line prints the kind of the relay', () => {
    expect(outputOf('a legacy relay')).toBe('a remotify relay\n');
  });

  test('a line shows that the listener is connected', () => {
    expect(outputOf('/self/status')).toContain('"attached": true');
  });

  test('the lines push a command with a name, wait for it, and read its status and output', () => {
    expect(outputOf('look-around-1')).toContain('"id": "c1"');
    expect(outputOf('commands/c1?wait=25')).toMatch(/"state": "finished",\n\s+"exit_status": 3/);
    expect(outputOf('stream=stdout&offset=0')).toMatch(/^Linux\n[^]*\btmp\n/);
    expect(outputOf('stream=stderr')).toBe('');
    expect(outputOf('grep -n')).toMatch(/^\d+:tmp$/m);
  });

  test('the lines push a script with a timeout, and stop a long command', () => {
    expect(outputOf('commands?timeout=60')).toContain('"id": "c2"');
    expect(outputOf('long-1')).toContain('"id": "c3"');
    expect(outputOf('commands/c3?signal=TERM')).toMatch(/"outcome": "(signalled|cancelled)"/);
  });

  test('the lines list the commands, reset the session and end it', async () => {
    const [list] = lines.filter((line) => line.endsWith('/self/commands') && !line.includes('--data'));
    expect(outputs.get(list ?? '')).toContain('"id": "c3"');
    expect(outputOf('/self/reset')).toContain('"reset": true');
    await eventually('the listener ends with its session', 15_000, () => listener?.isRunning() === false);
  });

  test('the text does not mention ssh, and names the default relay', async () => {
    const folder = await forTest(makeTemporaryFolder());
    const { stdout } = await runCli(['agents'], { configDir: folder.path });
    expect(stdout.toString('utf8')).not.toMatch(/\bssh\b/i);
    expect(stdout.toString('utf8')).toContain('https://remotify.run/api/session');
  });
});
