import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findMultiplexer, renderClipboard } from '../../src/terminal/copy-to-clipboard.ts';
import { binaryPath } from '../harness/binary.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { ended, endedWell } from '../harness/prompts.ts';

// `new --copy`: sends the line to paste to the clipboard of the terminal, with OSC 52.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

/** Replaces control characters by their names. */
const spell = (text: string): string => text.replaceAll('\x1b', '<ESC>').replaceAll('\x07', '<BEL>');

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

describe('the OSC 52 sequence', () => {
  const line = "curl -q -fsSL 'http://127.0.0.1:8080/r/KEY' | bash";
  const base64 = Buffer.from(line).toString('base64');

  test('without a multiplexer: one plain sequence', () => {
    expect(renderClipboard(line, 'none')).toBe(`\x1b]52;c;${base64}\x07`);
  });

  test('tmux: one sequence wrapped for the terminal with doubled escapes, and one for tmux itself', () => {
    expect(renderClipboard(line, 'tmux')).toBe(
      `\x1bPtmux;\x1b\x1b]52;c;${base64}\x07\x1b\\\x1b]52;c;${base64}\x07`,
    );
  });

  test('screen: pieces of at most 240 characters, which give the plain sequence when joined', () => {
    const sent = renderClipboard('x'.repeat(1000), 'screen');
    const pieces = [...spell(sent).matchAll(/<ESC>P([^]*?)<ESC>\\/g)].map((match) => match[1] ?? '');
    expect(pieces.length).toBeGreaterThan(3);
    for (const piece of pieces) expect(piece.replaceAll(/<\w+>/g, '.').length).toBeLessThanOrEqual(240);
    expect(pieces.join('')).toBe(spell(renderClipboard('x'.repeat(1000), 'none')));
  });

  test.each([
    ['two lines', 'a\nb'],
    ['an escape', 'a\x1bb'],
    ['no characters', ''],
    ['non-ASCII letters', 'ä'],
  ])('text with %s: rejected', (_title, text) => {
    expect(() => renderClipboard(text, 'none')).toThrow(RangeError);
  });

  test('which multiplexer: TMUX takes precedence over STY', () => {
    expect(findMultiplexer({})).toBe('none');
    expect(findMultiplexer({ STY: '1.pts' })).toBe('screen');
    expect(findMultiplexer({ TMUX: '/tmp/x,1,0', STY: '1.pts' })).toBe('tmux');
    expect(findMultiplexer({ TMUX: '', TERM: 'xterm' })).toBe('none');
  });
});

test('--copy off a terminal: 2, and no session is created', async () => {
  const { run, runJson } = await setUp();
  expect(await run(['new', '--copy'])).toMatchObject({
    exitCode: 2,
    text: '',
    stderr:
      'remotify: error: --copy needs a terminal: neither stdout nor stderr is one\nremotify: hint: leave --copy out\n',
  });
  expect(await runJson('list')).toEqual({ sessions: [] });
});

describe.skipIf(!hasTmux)('on a terminal (tmux)', () => {
  async function runNew(client: Client, args: string, prefix = '') {
    const raw = join(client.configDir, 'raw');
    // The command starts only after the recording has begun.
    const terminal = await forTest(
      startTerminal(
        `read -r _; ${prefix} '${process.execPath}' '${binaryPath}' new ${args} --url '${relay.url}'`,
        {
          columns: 200,
          env: { REMOTIFY_CONFIG_DIR: client.configDir },
        },
      ),
    );
    await terminal.recordTo(raw);
    await terminal.type('\n');
    const screen = await terminal.waitForText(ended, 20_000);
    const bytes = await eventually('the record is complete', 10_000, async () => {
      const text = await readFile(raw, 'utf8');
      return text.includes(ended) && spell(text);
    });
    return { screen, bytes };
  }

  test('--copy --no-wait: the line is on the screen and in the sequence, and the note says "sent"', async () => {
    const client = await setUp();
    const { screen, bytes } = await runNew(client, '--copy --no-wait', 'TMUX=');
    const line = /^curl .* \| bash$/m.exec(screen)?.[0] ?? '';
    expect(line).toMatch(/\/r\/[0-9a-f]{32}/);
    const sent = [...bytes.matchAll(/<ESC>\]52;c;([A-Za-z0-9+/=]*)<BEL>/g)].map((match) =>
      decode(match[1] ?? ''),
    );
    expect(sent).toEqual([line]);
    expect(screen).toContain("sent the line to the terminal's clipboard (OSC 52");
    expect(screen).not.toMatch(/copied/);
    expect(screen).toContain(endedWell);
  });

  test('--copy inside tmux: the sequence is wrapped, and a note names the settings of tmux', async () => {
    const client = await setUp();
    const { screen, bytes } = await runNew(client, '--copy --no-wait --auto');
    expect(bytes).toMatch(/<ESC>Ptmux;<ESC><ESC>\]52;c;[A-Za-z0-9+/=]+<BEL><ESC>\\/);
    expect(screen).toContain('set-clipboard on');
    const [, base64 = ''] = /\]52;c;([A-Za-z0-9+/=]+)<BEL>/.exec(bytes) ?? [];
    expect(decode(base64)).toMatch(/\?mode=auto' \| bash$/);
  });

  test('--copy with stdout in a file: the sequence goes to the terminal, the file holds only the line', async () => {
    const client = await setUp();
    const file = join(client.configDir, 'line.txt');
    const { bytes } = await runNew(client, `--copy >'${file}'`, 'TMUX=');
    expect(await readFile(file, 'utf8')).toMatch(/^curl [\x20-\x7e]* \| bash\n$/);
    expect(bytes).toMatch(/<ESC>\]52;c;/);
  });

  test('--no-wait without --copy: prints the line and exits', async () => {
    const client = await setUp();
    const { screen } = await runNew(client, '--no-wait');
    expect(screen).not.toContain('waiting for the remote');
    expect(screen).toContain(endedWell);
    expect(screen.match(/^curl /gm)).toHaveLength(1);
  });
});

test.each([[['--wait', '--no-wait']], [['--no-wait', '--wait', '5s']], [['--wait=5s', '--no-wait']]])(
  'new with %j: a usage error, and nothing is created',
  async (flags) => {
    const { run, runJson } = await setUp();
    const { exitCode, text, stderr } = await run(['new', ...flags]);
    expect([exitCode, text]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^remotify: error: --wait and --no-wait cannot be used together\nremotify: hint: .+\n$/,
    );
    expect(await runJson('list')).toEqual({ sessions: [] });
  },
);
