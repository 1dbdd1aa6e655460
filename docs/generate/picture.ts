/** `npm run docs:picture`: draws docs/picture.svg from a real run: a relay, a client in one terminal, a supervised listener in another. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRelay } from '../../test/harness/relay-process.ts';
import { makeTemporaryFolder } from '../../test/harness/temporary-folder.ts';
import { startTerminal, type Terminal } from '../../test/harness/tmux.ts';

const root = join(import.meta.dirname, '../..');
const columns = 62;
/** Of the terminals. The picture is as high as the longer of the two screens. */
const rows = 24;

/** A bash without the files of this machine's user. */
const shell = "PS1='$ ' exec bash --norc --noprofile";

interface Panel {
  title: string;
  lines: readonly string[];
}

const fontSize = 13;
const cell = { width: fontSize * 0.602, height: fontSize * 1.35 };
const margin = 14;
const titleHeight = 26;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function drawPanel({ title, lines }: Panel, x: number, rowCount: number): string {
  const width = columns * cell.width + 2 * margin;
  const height = rowCount * cell.height + titleHeight + margin;
  const text = lines.map((line, at) => {
    const y = titleHeight + (at + 0.9) * cell.height;
    const isTyped = /^(?:\$|run it\?)/.test(line);
    return `<text x="${margin}" y="${y.toFixed(1)}"${isTyped ? ' class="typed"' : ''}>${escapeXml(line)}</text>`;
  });
  return `<g transform="translate(${x} 0)">
<rect width="${width.toFixed(0)}" height="${height.toFixed(0)}" rx="8"/>
<text x="${margin}" y="18" class="title">${escapeXml(title)}</text>
${text.join('\n')}
</g>`;
}

export function drawPicture(panels: readonly Panel[]): string {
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const gap = 12;
  const rowCount = Math.max(...panels.map(({ lines }) => lines.length));
  const height = Math.ceil(rowCount * cell.height + titleHeight + margin);
  const all = panels.length * width + (panels.length - 1) * gap;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${all} ${height}" role="img">
<title>${escapeXml(panels.map(({ title }) => title).join('; '))}</title>
<style>
rect { fill: #16181d; }
text { fill: #d5d9e0; font: ${fontSize}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; }
.typed { fill: #7fd28b; }
.title { fill: #8a93a3; }
</style>
${panels.map((panel, at) => drawPanel(panel, at * (width + gap), rowCount)).join('\n')}
</svg>
`;
}

async function linesOf(terminal: Terminal): Promise<string[]> {
  const lines = (await terminal.screen()).trimEnd().split('\n');
  return lines.slice(-rows);
}

async function run(): Promise<void> {
  const relay = await startRelay();
  const folder = await makeTemporaryFolder();
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  const program = join(bin, 'remotify');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/remotify.js')}' "$@"\n`);
  await chmod(program, 0o755);
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    REMOTIFY_URL: relay.url,
    USER: 'ana',
    HOSTNAME: 'laptop',
  };
  const client = await startTerminal(shell, { columns, rows, env });
  const remote = await startTerminal(shell, {
    columns,
    rows,
    env: { USER: 'ops', HOSTNAME: 'web-1' },
  });
  try {
    await client.waitForText('$', 10_000);
    await client.type('remotify new --no-wait\n');
    await client.waitForText('| bash', 10_000);
    const line = /curl .*?\| bash/s.exec(await client.screen())?.[0].replaceAll('\n', '') ?? '';
    await remote.type(`${line}\n`);
    await remote.waitForText('asking before each command', 15_000);
    await client.type("remotify exec 'uname -s; df -h / | tail -1; exit 7'; echo $?\n");
    await remote.waitForText('run it?', 15_000);
    await remote.type('y\n');
    await client.waitForText('\n7\n', 15_000);
    const svg = drawPicture([
      { title: 'your machine', lines: await linesOf(client) },
      { title: 'the remote: nothing but curl and bash', lines: await linesOf(remote) },
    ]);
    await writeFile(join(root, 'docs/picture.svg'), svg.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:8080'));
  } finally {
    await client.close();
    await remote.close();
    await relay.stop();
    await folder.remove();
  }
}

await run();
